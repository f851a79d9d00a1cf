import type { StudyStanding } from "./types.ts";

/** A look at a study, and when it was, in milliseconds. */
export interface Look {
  standing: StudyStanding;
  at: number;
}

/** Chunks a minute of each cell that runs, by what was added between two looks. */
export function withRates({ standing: before, at: then }: Look, { standing, at }: Look): StudyStanding {
  const minutes = (at - then) / 60_000;
  const earlier = new Map(before.cells.map((cell) => [cell.name, cell]));
  const cells = standing.cells.map((cell) => {
    const was = earlier.get(cell.name);
    const added = (cell.chunks?.done ?? 0) - (was?.chunks?.done ?? 0);
    return cell.state === "running" && cell.chunks && was?.chunks && added > 0 ? { ...cell, chunksPerMinute: added / minutes } : cell;
  });
  return { ...standing, cells };
}
