import { StringDecoder } from "node:string_decoder";

/** Takes a program's output as it comes in. */
export interface OutputReader {
  /** Bytes, which may end within a character or a line. */
  push(bytes: Buffer): void;
  /** After the last bytes. */
  end(): void;
}

/**
 * Cuts output into text and lines.
 *
 * @param onText gets whole characters as soon as they are there
 * @param onLine gets whole lines, without `\n` or `\r\n`; at the end also one without a line break
 */
export function readOutput(onText: (text: string) => void, onLine: (line: string) => void): OutputReader {
  const decoder = new StringDecoder("utf8");
  let open = "";
  const take = (text: string): void => {
    if (text === "") return;
    onText(text);
    const lines = (open + text).split("\n");
    open = lines.pop() ?? "";
    for (const line of lines) onLine(line.replace(/\r$/, ""));
  };
  return {
    push: (bytes) => take(decoder.write(bytes)),
    end: () => {
      take(decoder.end());
      if (open !== "") onLine(open);
    },
  };
}
