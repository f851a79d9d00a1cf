/** Where a cell of a study stands, or a step that several share. */
export type State = "stored" | "running" | "queued" | "failed" | "lost" | "cancelled" | "waiting";

/** The states, as they are counted. */
export const states: readonly State[] = ["stored", "running", "queued", "waiting", "failed", "lost", "cancelled"];

/** How far an evaluation has come. */
export interface Chunks {
  done: number;
  /** Null where that is not known. */
  of: number | null;
  /** The files that have them, one for each part: when the latest batch was written, null in the middle of one. */
  files: { name: string; chunks: number; written: Date | null }[];
}

/** A cell, and all that is known of how it stands. */
export interface Standing {
  name: string;
  state: State;
  /** Of one that runs: the host, on a cluster the node, and since when. */
  node: string | null;
  since: string | null;
  /** The step that it is at. */
  step: string | null;
  /** Null where none is evaluated. */
  chunks: Chunks | null;
  /** Null where no batch was seen to come. */
  chunksPerMinute: number | null;
  /** Why it waits, failed or is lost. */
  reason: string | null;
  /** File with what its job printed. */
  log: string | null;
}

/** Of one of which nothing is known but its state. */
export const unsaid: Omit<Standing, "name" | "state"> = { node: null, since: null, step: null, chunks: null, chunksPerMinute: null, reason: null, log: null };

/** How a study stands. */
export interface StudyStanding {
  results: string;
  study: string;
  cells: Standing[];
  /** What is known of the scheduler, where it does not answer; null otherwise. */
  unknown: string | null;
}
