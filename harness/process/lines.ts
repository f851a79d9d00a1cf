import { StringDecoder } from "node:string_decoder";

/** Takes a program's output as it comes in. */
export interface OutputReader {
  /** Bytes, which may end within a character or a line. */
  push(bytes: Buffer): void;
  /** After the last bytes. */
  end(): void;
}

/** Characters of a line that listeners get at most; no line that means something is nearly so long. */
const longestLine = 1 << 16;

/**
 * Cuts output into text and lines, in a time that grows as the output does, whatever its lines are like.
 *
 * @param onText gets whole characters as soon as they are there
 * @param onLine gets whole lines, without `\n` or `\r\n`; at the end also one without a line break. Of a line longer than
 *   64 Ki characters it gets the beginning
 */
export function readOutput(onText: ((text: string) => void) | undefined, onLine: ((line: string) => void) | undefined): OutputReader {
  const decoder = new StringDecoder("utf8");
  let open = "";
  const extend = (text: string, start: number, end: number): void => {
    const room = longestLine - open.length;
    if (room > 0) open += text.slice(start, Math.min(end, start + room));
  };
  const take = (text: string): void => {
    if (text === "") return;
    onText?.(text);
    if (!onLine) return;
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      extend(text, start, end);
      const line = open;
      open = "";
      start = end + 1;
      onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    }
    extend(text, start, text.length);
  };
  return {
    push: (bytes) => take(decoder.write(bytes)),
    end: () => {
      take(decoder.end());
      if (open !== "") onLine?.(open);
    },
  };
}
