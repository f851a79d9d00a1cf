import type { ChildProcess } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { UserError } from "../errors.ts";
import { exitOf } from "./exit.ts";
import { forgetGroup, signalGroup, watchGroup } from "./groups.ts";
import { keepBytes, mostOutput } from "./keptOutput.ts";
import { readOutput } from "./lines.ts";
import { newMark } from "./marked.ts";
import { abortError, ProcessError, type ProcessResult } from "./processError.ts";
import { usualStallSeconds, watchForStall } from "./stall.ts";

export { ProcessError, type ProcessResult } from "./processError.ts";

/** Options of {@link run}. */
export interface RunOptions {
  /** Working directory; this program's own by default. */
  cwd?: string;
  /** Environment variables on top of this program's own; `undefined` takes one away. */
  env?: Record<string, string | undefined>;
  /** Descriptor of this program's that it reads from; nothing by default. */
  stdin?: number | undefined;
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
  /** Ends the process when it has neither written anything nor taken processor time for so long; ten minutes by default, 0 for never. */
  stallSeconds?: number | undefined;
  /** How long the group may take over its farewell between SIGTERM and SIGKILL; 5 s by default. */
  graceSeconds?: number;
}

/** Output is taken from the streams as it comes, and the end of a group is this file's own affair. */
const manner = { detached: true, cleanup: false, buffer: false, reject: false, stdout: "pipe", stderr: "pipe" } as const;

type Ending = { reason: "abort" | "fault"; detail: string };

/**
 * Runs a program to its end: every program in the project but git is started here.
 * It runs in a process group of its own. The whole
 * group gets SIGTERM, and SIGKILL after a grace, when `signal` is aborted, when
 * the time is up, when it hangs, when it writes more than 64 MiB, and when this program gets
 * SIGINT, SIGTERM or SIGHUP. If this program exits, as a command does at a second Ctrl-C
 * (interrupt.ts), the group is killed; so is what a program that has ended left of its group, and where there is /proc
 * also what left the group, if the program did not end well or its output is still held.
 *
 * @throws {ProcessError} not found, exit code other than 0, ended by a signal, out of time, hanging, too much output;
 *   the message has the last 20 lines of its output
 * @throws whatever `onLine` or `onText` throws, after the group has ended
 * @throws {Error} with the name `AbortError` when aborted or interrupted, after the group has ended
 */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<ProcessResult> {
  const { cwd = process.cwd(), signal, onLine, onText, timeoutSeconds, stallSeconds = usualStallSeconds, graceSeconds = 5 } = options;
  if (signal?.aborted) throw abortError(`${command} was not started: aborted`);
  if (!statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`${command} cannot be run in ${cwd}: there is no such folder.`);
  }

  const started = performance.now();
  const { mark, environment } = newMark();
  const kept = { stdout: keepBytes(), stderr: keepBytes() };
  // Its streams are not waited for: what it left behind may hold them. Of descriptors to read from, Execa takes any; its types know 0 alone.
  const child = execa(command, args, { ...manner, cwd, env: { ...environment, ...options.env }, stdin: options.stdin === undefined ? "ignore" : (options.stdin as 0) });

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
  if (child.pid !== undefined) watchGroup(child.pid, mark, (name) => end("abort", `interrupted by ${name}`));
  const stall = watchForStall(child.pid ?? 0, child.pid === undefined ? 0 : stallSeconds, () => end("fault", `was ended: it wrote nothing and took no processor time for ${minutes(stallSeconds)}`));
  if (timeoutSeconds !== undefined) {
    timers.push(setTimeout(() => end("fault", `not done after ${timeoutSeconds} s`), timeoutSeconds * 1000));
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
  let written = 0;
  const readers = (["stdout", "stderr"] as const).map((stream) => {
    const reader = readOutput(onText && ((text) => onText(text, stream)), onLine && ((line) => onLine(line, stream)));
    child[stream]?.on("data", (bytes: Buffer) => {
      stall.heard();
      if ((written += bytes.length) > mostOutput) return end("fault", `was ended: it wrote more than ${mostOutput >> 20} MiB`);
      kept[stream].push(bytes);
      guard(() => reader.push(bytes));
    });
    return reader;
  });

  if (child.pid !== undefined) guard(() => options.onStart?.(child.pid!));
  const exit = await exitOf(child as unknown as ChildProcess, child, mark, () => {
    stall.end();
    timers.forEach(clearTimeout);
  });
  const seconds = (performance.now() - started) / 1000;
  for (const reader of readers) guard(() => reader.end());
  signal?.removeEventListener("abort", onAbort);
  if (child.pid !== undefined) forgetGroup(child.pid);

  if (listenerFault) throw listenerFault.error;
  if (ending?.reason === "abort") throw abortError(`${command} was ended: ${ending.detail}`);
  if (exit.fault) throw notStarted(command, exit.fault);
  const result = { stdout: kept.stdout.text(), stderr: kept.stderr.text(), seconds };
  const cause = ending?.detail ?? (exit.signal ? `was ended by ${exit.signal}` : exit.code === 0 ? null : `ended with exit code ${exit.code}`);
  if (cause !== null) throw new ProcessError([command, ...args], cause, result);
  return result;
}

function notStarted(command: string, fault: NodeJS.ErrnoException): ProcessError {
  if (fault.code === "EACCES") return new ProcessError([command], notExecutable(command), null);
  // Of a script whose interpreter is missing the system says the same.
  const isMissing = fault.code === "ENOENT" && !(path.isAbsolute(command) && existsSync(command));
  return new ProcessError([command], isMissing ? "command not found. Install it, or put it on the PATH." : `could not be started: ${fault.message}`, null);
}

function minutes(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Number((seconds / 60).toFixed(1))} min`;
}

/** Why a program that is there cannot be started. */
function notExecutable(command: string): string {
  const mayBe = (statSync(command, { throwIfNoEntry: false })?.mode ?? 0) & 0o111;
  return mayBe
    ? `cannot be executed: its file system is mounted noexec. Mount it otherwise, or give another cache folder in QUANTFLEX_CACHE.`
    : `cannot be executed: it is not marked as a program. Make it one with chmod +x.`;
}
