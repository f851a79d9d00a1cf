import { Listr, type ListrTask } from "listr2";
import type { SweepEvent } from "../sweep/events.ts";
import { buildText, cellText } from "./plainProgress.ts";

/** A sweep's progress on a terminal. */
export interface LiveProgress {
  report(event: SweepEvent): void;
  /**
   * Close the display; to be awaited before anything else is printed.
   *
   * @param done whether the sweep came to its end
   */
  end(done: boolean): Promise<void>;
}

interface Gate {
  promise: Promise<void>;
  open(): void;
  fail(error: Error): void;
}

/**
 * Progress as a task list: preparation, then a line for each cell with what it is doing.
 *
 * @param jobs cells at a time
 */
export function liveProgress(jobs: number): LiveProgress {
  const prepared = gate();
  const planned = new Map<string, { gate: Gate; stored: boolean; say?: (output: string) => void; rename?: (title: string) => void }>();
  let say = (_text: string): void => undefined;
  const cellTasks = (): ListrTask[] =>
    [...planned].map(([name, cell]) => ({
      title: name,
      task: async (_context, task) => {
        if (cell.stored) return task.skip(`${name}: already stored`);
        cell.say = (output) => (task.output = output);
        cell.rename = (title) => (task.title = title);
        await cell.gate.promise;
      },
    }));
  const list = new Listr(
    [
      {
        title: "Prepare: inputs and llama.cpp",
        task: async (_context, task) => {
          say = (text) => (task.output = text);
          await prepared.promise;
        },
      },
      {
        title: "Cells",
        skip: () => planned.size === 0,
        task: (_context, task) => task.newListr(cellTasks(), { concurrent: jobs, exitOnError: false }),
      },
    ],
    { exitOnError: false, registerSignalListeners: false, rendererOptions: { collapseSubtasks: false, collapseErrors: false } },
  );
  const finished = list.run();

  return {
    report(event) {
      if (event.kind === "note") say(event.text);
      if (event.kind === "build" || event.kind === "prepare") say(buildText(event));
      if (event.kind === "plan") {
        for (const { name, stored } of event.cells) planned.set(name, { gate: gate(), stored });
        prepared.open();
      }
      if (event.kind === "cell") planned.get(event.name)?.say?.(cellText(event));
      if (event.kind === "done") {
        const cell = planned.get(event.name);
        if (event.outcome === "failed") cell?.gate.fail(new Error(`${event.name}: ${event.text}`));
        else {
          cell?.rename?.(`${event.name}: ${event.text}`);
          cell?.gate.open();
        }
      }
    },
    async end(done) {
      if (done) prepared.open();
      else prepared.fail(new Error("not finished"));
      for (const cell of planned.values()) cell.gate.fail(new Error("not finished"));
      await finished.catch(() => undefined);
    },
  };
}

function gate(): Gate {
  const { promise, resolve, reject } = withResolvers();
  // A gate may fail before its task waits for it.
  promise.catch(() => undefined);
  return { promise, open: resolve, fail: reject };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve = (): void => undefined;
  let reject = (_error: Error): void => undefined;
  const promise = new Promise<void>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}
