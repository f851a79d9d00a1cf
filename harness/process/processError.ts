import { UserError } from "../errors.ts";

/** What a child process left behind. */
export interface ProcessResult {
  /** Name or path of the program, as it was given. */
  command: string;
  /** Its arguments, as they were given. */
  args: string[];
  /** Exit code, 0…255; always 0 in what {@link run} resolves with. */
  exitCode: number;
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
  /** Exit code where there is one. */
  readonly exitCode: number | undefined;
  /** The signal that ended it, where one did. */
  readonly signalName: string | undefined;
  /** Its whole output, standard output and standard error as they came. */
  readonly output: string;

  constructor(message: string, exitCode: number | undefined, signalName: string | undefined, output: string) {
    super(message);
    this.exitCode = exitCode;
    this.signalName = signalName;
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
