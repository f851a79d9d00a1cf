import { shownPath } from "../paths.ts";
import { ProcessError } from "./processError.ts";

/**
 * Why a cell failed, in one line for a table: of a process, how it ended and the first error that it wrote.
 *
 * @param error what was thrown
 */
export function reasonOf(error: unknown): string {
  const message = error instanceof ProcessError ? error.reason : error instanceof Error ? error.message : String(error);
  return oneLine(message);
}

/** Where all that the program at fault wrote is kept, in words behind a reason; empty where it is not. */
export function logNote(log: string | null): string {
  return log === null ? "" : ` (all that it wrote: ${shownPath(log)})`;
}

function oneLine(text: string): string {
  // Whatever a program printed, it is shown on terminals and in tables.
  const line = text.split(/\s*\n\s*/).filter(Boolean).join("; ").replace(/\p{Cc}+/gu, " ");
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}
