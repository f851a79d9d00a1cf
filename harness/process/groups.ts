import { killMarked } from "./marked.ts";

/**
 * Process groups of the children now running. A child gets a group of its own,
 * so that whatever it starts in turn dies with it; the price is that neither
 * the terminal nor Node ends it for us, which is what this file is for.
 */

type Interrupt = (signalName: NodeJS.Signals) => void;

const interruptSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const live = new Map<number, { mark: string; interrupt: Interrupt }>();

/** Sends a signal to a whole process group; a group that is gone is no error. */
export function signalGroup(groupId: number, signalName: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signalName);
  } catch {
    // ESRCH: everyone in it has ended. EPERM (macOS): only zombies are left.
  }
}

function onInterrupt(signalName: NodeJS.Signals): void {
  for (const { interrupt } of live.values()) interrupt(signalName);
}

function onExit(): void {
  for (const [groupId, { mark }] of live) {
    signalGroup(groupId, "SIGKILL");
    killMarked(mark);
  }
}

/**
 * Watches over a group until {@link forgetGroup}: `interrupt` is called when
 * this program gets SIGINT, SIGTERM or SIGHUP, and the group, with all that
 * has its mark, is killed when this program exits for whatever reason.
 */
export function watchGroup(groupId: number, mark: string, interrupt: Interrupt): void {
  if (live.size === 0) {
    for (const name of interruptSignals) process.on(name, onInterrupt);
    process.on("exit", onExit);
  }
  live.set(groupId, { mark, interrupt });
}

/** Ends the watch of {@link watchGroup}. */
export function forgetGroup(groupId: number): void {
  if (!live.delete(groupId) || live.size > 0) return;
  for (const name of interruptSignals) process.off(name, onInterrupt);
  process.off("exit", onExit);
}
