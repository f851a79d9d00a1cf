import { statSync } from "node:fs";
import { execa } from "execa";
import { UserError } from "../errors.ts";
import { forgetGroup, signalGroup, watchGroup } from "./groups.ts";
import { readOutput } from "./lines.ts";
import { abortError, lastLines, ProcessError, type ProcessResult } from "./processError.ts";

export { ProcessError, type ProcessResult } from "./processError.ts";

/** Options of {@link run}. */
export interface RunOptions {
  /** Working directory; this program's own by default. */
  cwd?: string;
  /** Environment variables on top of this program's own; `undefined` takes one away. */
  env?: Record<string, string | undefined>;
  /** Called with the process's number as soon as it runs. */
  onStart?: (processId: number) => void;
  /** Ends the process and everything that it started. */
  signal?: AbortSignal;
  /** Called with each finished line, without its line break, as soon as it is there. */
  onLine?: (line: string, stream: "stdout" | "stderr") => void;
  /** Called with the output as it arrives, for programs that report progress within a line. */
  onText?: (text: string, stream: "stdout" | "stderr") => void;
  /** Ends the process after so many seconds; the error is a {@link ProcessError}. */
  timeoutSeconds?: number;
  /** How long the group may take over its farewell between SIGTERM and SIGKILL; 5 s by default. */
  graceSeconds?: number;
}

type Ending = { reason: "abort" | "timeout"; detail: string };

/**
 * Runs a program to its end: every program in the project but git is started here.
 * It runs in a process group of its own with no standard input. The whole
 * group gets SIGTERM, and SIGKILL after a grace, when `signal` is aborted, when
 * the time is up, and when this program gets SIGINT, SIGTERM or SIGHUP. If
 * this program exits, as a command does at a second Ctrl-C (interrupt.ts), the
 * group is killed.
 *
 * @throws {ProcessError} not found, exit code other than 0, ended by a signal, out of time;
 *   the message has the last 20 lines of its output
 * @throws whatever `onLine` or `onText` throws, after the group has ended
 * @throws {Error} with the name `AbortError` when aborted or interrupted, after the group has ended
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<ProcessResult> {
  const { cwd = process.cwd(), signal, onLine, onText, timeoutSeconds, graceSeconds = 5 } = options;
  if (signal?.aborted) throw abortError(`${command} was not started: aborted`);
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`${command} cannot be run in ${cwd}: there is no such folder.`);
  }

  const child = execa(command, args, {
    cwd,
    env: options.env ?? {},
    detached: true,
    stdin: "ignore",
    all: true,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 1 << 29,
  });

  let ending: Ending | undefined;
  let listenerFault: { error: unknown } | undefined;
  const timers: NodeJS.Timeout[] = [];
  const end = (reason: Ending["reason"], detail: string): void => {
    // One Ctrl-C is heard several times: from the terminal, from npm, and as the command's aborted signal.
    if (child.pid === undefined || ending) return;
    ending = { reason, detail };
    const groupId = child.pid;
    signalGroup(groupId, "SIGTERM");
    timers.push(setTimeout(() => signalGroup(groupId, "SIGKILL"), graceSeconds * 1000));
  };
  const onAbort = (): void => end("abort", "aborted");
  if (child.pid !== undefined) watchGroup(child.pid, (name) => end("abort", `interrupted by ${name}`));
  if (timeoutSeconds !== undefined) {
    timers.push(setTimeout(() => end("timeout", `not done after ${timeoutSeconds} s`), timeoutSeconds * 1000));
  }
  signal?.addEventListener("abort", onAbort, { once: true });

  const guard = (listener: () => void): void => {
    if (listenerFault) return;
    try {
      listener();
    } catch (error) {
      listenerFault = { error };
      end("abort", "a listener failed");
    }
  };
  const readers = (["stdout", "stderr"] as const).map((stream) => {
    const reader = readOutput((text) => onText?.(text, stream), (line) => onLine?.(line, stream));
    child[stream].on("data", (bytes: Buffer) => guard(() => reader.push(bytes)));
    return reader;
  });

  if (child.pid !== undefined) guard(() => options.onStart?.(child.pid!));
  const result = await child;
  for (const reader of readers) guard(() => reader.end());
  signal?.removeEventListener("abort", onAbort);
  timers.forEach(clearTimeout);
  if (child.pid !== undefined) {
    // Its own children may outlive a leader that was ended from outside.
    if (ending || result.failed) signalGroup(child.pid, "SIGKILL");
    forgetGroup(child.pid);
  }

  if (listenerFault) throw listenerFault.error;
  const output = String(result.all ?? "");
  if (ending?.reason === "abort") throw abortError(`${command} was ended: ${ending.detail}`);
  if (!result.failed) {
    const { stdout, stderr, durationMs } = result;
    return { stdout: String(stdout), stderr: String(stderr), seconds: durationMs / 1000 };
  }
  if (result.code === "ENOENT") {
    throw new ProcessError(`${command}: command not found. Install it, or put it on the PATH.`, "");
  }
  if (result.code === "EACCES") throw new ProcessError(notExecutable(command), "");
  const cause = ending?.detail
    ?? (result.exitCode !== undefined ? `ended with exit code ${result.exitCode}` : undefined)
    ?? (result.signal ? `was ended by ${result.signal}` : `failed: ${result.originalMessage ?? result.shortMessage}`);
  const tail = lastLines(output);
  const message = `${[command, ...args].join(" ")}\n${cause}${tail ? `; its last lines:\n${tail}` : " without a word."}`;
  throw new ProcessError(message, output);
}

/** Why a program that is there cannot be started. */
function notExecutable(command: string): string {
  const mayBe = (statSync(command, { throwIfNoEntry: false })?.mode ?? 0) & 0o111;
  return mayBe
    ? `${command} cannot be executed: its file system is mounted noexec. Mount it otherwise, or give another cache folder in QUANTFLEX_CACHE.`
    : `${command} cannot be executed: it is not marked as a program. Make it one with chmod +x.`;
}
