import type { Standing, StudyStanding } from "./types.ts";

/** Gives a look at a study, with the time of it in milliseconds, the chunks a minute of each cell that runs. */
export type Rates = (standing: StudyStanding, at: number) => StudyStanding;

/** A file of frames: how many chunks it had, when it was written then, and what it last gained, in which time, and when that was seen. */
interface Seen {
  chunks: number;
  written: number;
  gained: { chunks: number; milliseconds: number; at: number } | null;
}

/** Milliseconds between two batches below which their times say little: some file systems keep whole seconds. */
const shortest = 1000;

/**
 * Tells how fast cells go, from one look to the next. Chunks come by the batch, which may take minutes or a moment: what
 * counts is what a file gained between the two times at which it was written, not the time between two looks. Parts are added up.
 */
export function rates(): Rates {
  let before = new Map<string, ReadonlyMap<string, Seen>>();
  return (standing, at) => {
    before = new Map(standing.cells.map((cell) => [cell.name, filesSeen(cell, before.get(cell.name) ?? new Map(), at)]));
    return { ...standing, cells: standing.cells.map((cell) => ({ ...cell, chunksPerMinute: perMinute([...before.get(cell.name)!.values()], at) })) };
  };
}

function filesSeen({ state, chunks, since }: Standing, before: ReadonlyMap<string, Seen>, at: number): Map<string, Seen> {
  const files = state === "running" && chunks ? chunks.files : [];
  // What an earlier run has written says nothing of when this one began.
  const began = since === null ? -Infinity : Date.parse(since);
  const counts = new Map(files.map((file) => [file.name, file.chunks]));
  // Where a part was put behind others, or what was not whole was cut off, nothing was evaluated.
  const isContinued = [...before].every(([name, was]) => (counts.get(name) ?? -1) >= was.chunks);
  return new Map(files.flatMap(({ name, chunks: count, written }): [string, Seen][] => {
    const was = isContinued ? before.get(name) : undefined;
    if (written === null) return was ? [[name, was]] : [];
    return [[name, nowSeen(was && was.written >= began ? was : undefined, count, written.getTime(), at)]];
  }));
}

function nowSeen(was: Seen | undefined, chunks: number, written: number, at: number): Seen {
  if (!was || was.chunks === chunks) return { chunks, written, gained: was?.gained ?? null };
  const milliseconds = written - was.written;
  return milliseconds < shortest ? was : { chunks, written, gained: { chunks: chunks - was.chunks, milliseconds, at } };
}

/** Of a file that gains nothing for longer than it last took the less, the longer that is. */
function perMinute(files: readonly Seen[], at: number): number | null {
  const rated = files.flatMap(({ gained }) => (gained ? [(60_000 * gained.chunks) / Math.max(gained.milliseconds, at - gained.at)] : []));
  return rated.length === 0 ? null : rated.reduce((sum, one) => sum + one, 0);
}
