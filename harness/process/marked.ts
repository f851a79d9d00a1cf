import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { processNumbers } from "../processes.ts";

/** Variable that a program and all that it starts inherit, so that they are known wherever they went. */
const variable = "QUANTFLEX_RUN";

/** A new mark for a program, beside those that this process has itself. */
export function newMark(): { mark: string; environment: Record<string, string> } {
  const mark = randomUUID();
  return { mark, environment: { [variable]: [process.env[variable], mark].filter(Boolean).join(":") } };
}

/** Kills whatever has the mark, also what has left its group, as daemons do. Without /proc nothing is known of them. */
export function killMarked(mark: string): void {
  for (const processId of processNumbers()) {
    try {
      if (readFileSync(`/proc/${processId}/environ`).includes(mark)) process.kill(processId, "SIGKILL");
    } catch {
      // It has ended, or is another user's.
    }
  }
}
