import { setTimeout as wait } from "node:timers/promises";
import type { Part } from "../steps/step.ts";
import type { Watch } from "./runner.ts";

/**
 * Whether somebody was at each of the parts of which not all is seen, and nobody is at any: then they are done, as far as they
 * were not stopped. Of parts that end together at least one finds it so: each gives back its claim before it looks at others'.
 *
 * @param wasAt whether it is so of one of them
 */
export async function haveOthersEnded(missing: readonly Part[], wasAt: (part: Part) => Promise<boolean>): Promise<boolean> {
  for (const part of missing) if (!(await wasAt(part))) return false;
  return true;
}

/** How long what others have done is waited for that a shared file system shows late, and how long between two looks, in milliseconds. */
const [patience, pause] = [60_000, 1_000];

/** Waits for what others have done. @returns whether it is seen by then. @throws AbortError when the signal fires */
export async function untilSeen(isSeen: () => Promise<boolean>, { note, signal }: Pick<Watch, "note" | "signal">): Promise<boolean> {
  note(`all parts have ended: what others have done is looked for, for up to ${patience / 1000} s`);
  for (let waited = 0; waited < patience; waited += pause) {
    await wait(pause, undefined, { signal });
    if (await isSeen()) return true;
  }
  return false;
}
