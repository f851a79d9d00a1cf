import { readdirSync, statSync } from "node:fs";
import path from "node:path";

/** What becomes of a simulated task: all goes well, its files are seen late, the site puts it back once, it fails, or it is gone without a word. */
export type Fate = "well" | "late" | "put back" | "fails" | "lost";

const shares: readonly [Fate, number][] = [["late", 0.05], ["put back", 0.02], ["fails", 0.01], ["lost", 0.01]];

/** The fate of a task: of a results folder's first submission some meet one; of later ones, and of what all need, none. */
export function submissionFate(submission: string, array: string, chance: number): Fate {
  if (/-(?:probe|report|shared)$/.test(array) || !isFirst(path.dirname(submission))) return "well";
  let sum = 0;
  for (const [fate, share] of shares) if (chance < (sum += share)) return fate;
  return "well";
}

function isFirst(folder: string): boolean {
  const others = readdirSync(path.dirname(folder));
  const began = (name: string): number => statSync(path.join(path.dirname(folder), name)).birthtimeMs;
  return others.every((name) => began(name) >= began(path.basename(folder)));
}
