import path from "node:path";
import { UserError } from "../errors.ts";
import { errorLine } from "../parse/errorLine.ts";

/** What a child process left behind. */
export interface ProcessResult {
  /** Everything it wrote to standard output, byte for byte as UTF-8. */
  stdout: string;
  /** Everything it wrote to standard error. */
  stderr: string;
  /** Wall time from start to end, in seconds. */
  seconds: number;
}

type Output = Pick<ProcessResult, "stdout" | "stderr">;

/** A child process that could not be started, was killed, or ended with an exit code other than 0. */
export class ProcessError extends UserError {
  override name = "ProcessError";
  /** Its whole output, standard error behind standard output. */
  readonly output: string;
  /** In a line: what became of it, and the first error that it wrote. */
  readonly reason: string;

  /**
   * @param call the program and its arguments
   * @param cause what became of it, such as `ended with exit code 1`
   * @param said what it wrote; null of one that was never started
   */
  constructor([program = "", ...args]: readonly string[], cause: string, said: Output | null) {
    const { stdout, stderr } = said ?? { stdout: "", stderr: "" };
    const tail = lastLines(`${stdout}\n${stderr}`);
    super(said === null ? `${program}: ${cause}` : `${[program, ...args].join(" ")}\n${cause}${tail ? `; its last lines:\n${tail}` : " without a word."}`);
    this.output = loggedOutput({ stdout, stderr });
    const first = errorLine(stderr) ?? errorLine(stdout) ?? (lastLines(stderr, 1) || lastLines(stdout, 1));
    this.reason = [`${path.basename(program)} ${cause}`, ...(first ? [first] : [])].join(": ");
  }
}

/** What a program wrote, as it is kept in a log. */
export function loggedOutput({ stdout, stderr }: Output): string {
  return `${stdout}\n--- stderr ---\n${stderr}`;
}

/** More than lines for people can have. */
const tailCharacters = 1 << 16;

/** The last `count` lines of a text that are not empty. */
function lastLines(text: string, count = 20): string {
  const lines = text.slice(-tailCharacters).split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.slice(-count).map((line) => line.slice(0, 2000)).join("\n");
}

/** An error by the name `AbortError`, as the web platform's functions throw it. */
export function abortError(message: string): Error {
  return new DOMException(message, "AbortError");
}
