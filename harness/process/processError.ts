import { UserError } from "../errors.ts";

/** What a child process left behind. */
export interface ProcessResult {
  /** Everything it wrote to standard output, byte for byte as UTF-8. */
  stdout: string;
  /** Everything it wrote to standard error. */
  stderr: string;
  /** Wall time from start to end, in seconds. */
  seconds: number;
}

/** A child process that could not be started, was killed, or ended with an exit code other than 0. */
export class ProcessError extends UserError {
  override name = "ProcessError";
  /** Its whole output, standard output and standard error as they came. */
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/** The last `count` lines of a text that are not empty. */
export function lastLines(text: string, count = 20): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}

/** An error by the name `AbortError`, as the web platform's functions throw it. */
export function abortError(message: string): Error {
  return new DOMException(message, "AbortError");
}
