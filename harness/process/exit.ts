import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { signalGroup } from "./groups.ts";
import { killMarked } from "./marked.ts";

/** How a child process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it could not be started; null when it was. */
  fault: NodeJS.ErrnoException | null;
}

/** How long what a child wrote last may be on its way, and how long those may live on that it started and left behind. */
const graceMilliseconds = 1000;

/**
 * Waits for the end of a child that leads a process group: of the child itself. Who still holds its output then, such as a daemon
 * that it left behind, is waited for a second, and the whole group is killed.
 *
 * @param result says why it could not be started
 * @param mark what it and all that it started are known by
 * @param onExit called when the child has ended, before that second
 */
export async function exitOf(child: ChildProcess, result: PromiseLike<{ cause?: unknown }>, mark: string, onExit: () => void): Promise<Exit> {
  if (child.pid === undefined) {
    const { cause } = await result;
    onExit();
    return { code: null, signal: null, fault: cause as NodeJS.ErrnoException };
  }
  const closed = once(child, "close").catch(() => undefined);
  const exit = await new Promise<Exit>((resolve) => child.once("exit", (code, signal) => resolve({ code, signal, fault: null })));
  onExit();
  const isClosed = await Promise.race([closed.then(() => true), wait(graceMilliseconds, false, { ref: false })]);
  signalGroup(child.pid, "SIGKILL");
  if (!isClosed || exit.code !== 0) killMarked(mark);
  // Where there is no /proc, one that left the group can still hold it.
  await Promise.race([closed, wait(graceMilliseconds / 4, undefined, { ref: false })]);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return exit;
}
