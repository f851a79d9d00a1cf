import path from "node:path";
import { ProcessError } from "./processError.ts";

/**
 * Why a cell failed, in one line for a table: of a process, how it ended and the last line that it wrote.
 *
 * @param error what was thrown
 */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof ProcessError)) return oneLine(message);
  const [command = "", cause = ""] = message.split("\n");
  const last = error.output.split("\n").map((line) => line.trim()).filter(Boolean).at(-1);
  const program = path.basename(command.split(" ")[0] ?? "");
  return oneLine([`${program} ${cause.split(";")[0]}`, ...(last ? [last] : [])].join(": "));
}

function oneLine(text: string): string {
  const line = text.split(/\s*\n\s*/).filter(Boolean).join("; ");
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}
