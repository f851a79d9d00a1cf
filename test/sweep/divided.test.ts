import { expect, it } from "vitest";
import type { Job } from "../../harness/jobs/job.ts";
import { Clock } from "../../harness/sweep/forecast/clock.ts";
import { dividedCell } from "../../harness/sweep/forecast/divided.ts";
import { paperTarget } from "../support/target.ts";

const hour = 3600;
const weights = 1000;
const [context, chunksInAll] = [8, 100];
const evaluation = { step: "evaluate", key: "a".repeat(64), growing: null, config: { context, batch: 32, compared: false }, inputs: { quantized: { file: "/m.gguf", sha256: "b".repeat(64) } } };
const job: Job = { format: 1, name: "q", results: "/r", target: { release: "b0", build: "", threads: 3 }, steps: [evaluation] };
const took = (seconds: number): Clock => new Clock([{ of: "evaluate", kind: "as given", work: weights * context * chunksInAll, threads: 3, machine: "any", seconds: [seconds] }], paperTarget());

/** With so many chunks left. */
const divided = (clock: Clock, chunks: number, maxHours?: number): ReturnType<typeof dividedCell> => {
  const todo = { planned: evaluation, cell: "q", makers: new Map(), amount: { weights, active: weights, chunks }, chunksInAll, quantizedBytes: 1, isKept: false };
  return dividedCell({ job, missing: [evaluation], todos: [todo] }, clock, maxHours);
};

it("a cell is divided when what is left of its evaluation takes longer than a job may, into parts of the whole that do not", () => {
  expect(divided(took(10 * hour), 100)).toMatchObject({ parts: 3, maxHours: 4, seconds: { evaluate: 10 * hour, quantize: 0 } });
  expect(divided(took(10 * hour), 60)).toMatchObject({ parts: 3 });
  expect(divided(took(10 * hour), 40)).toBeNull();
  expect(divided(took(10 * hour), 40, 1)).toMatchObject({ parts: 10, maxHours: 1 });
  expect(divided(took(4 * hour), 100)).toBeNull();
  expect(divided(took(4 * hour + 1), 100)).toMatchObject({ parts: 2 });
  expect(divided(took(100 * hour), 100)).toMatchObject({ parts: 25 });
  // There are no more batches.
  expect(divided(took(1000 * hour), 100)).toMatchObject({ parts: 25 });
});

it("a cell is not divided whose time is unknown", () => {
  expect(divided(new Clock([], paperTarget()), 100)).toBeNull();
});
