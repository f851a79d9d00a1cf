import { loadResults } from "../report/load.ts";
import { writePage } from "../report/reports.ts";
import type { SweepEvent } from "../sweep/events.ts";

/** Most of a sweep's time that writing its page may take while it runs, 0 to 1. */
const share = 0.05;

/** Writes a results folder's page while its sweep runs. */
export interface GrowingPage {
  report(event: SweepEvent): void;
  /** To be awaited before anything else is written. */
  end(): Promise<void>;
}

/**
 * Writes report.html after a cell was computed, unless that would take more than a twentieth of the sweep's time; the last
 * cell's is left to the reports of the end.
 *
 * @param now seconds, for tests
 */
export function growingPage(now: () => number = () => performance.now() / 1000): GrowingPage {
  const begun = now();
  let [folder, left, spent] = ["", 0, 0];
  let running: Promise<void> | null = null;
  const write = async (): Promise<void> => {
    const start = now();
    // What it cannot show now is shown at the end, or said there.
    await loadResults(folder).then(writePage).catch(() => undefined);
    spent += now() - start;
    running = null;
  };
  return {
    report(event) {
      if (event.kind === "plan") [folder, left] = [event.results, event.cells.length];
      if (event.kind !== "done" || --left === 0 || event.outcome === "stored") return;
      if (running === null && spent <= share * (now() - begun)) running = write();
    },
    async end() {
      await running;
    },
  };
}
