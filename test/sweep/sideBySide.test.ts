import { expect, it } from "vitest";
import type { Job, PlannedStep } from "../../harness/jobs/job.ts";
import type { Rate } from "../../harness/store/rates.ts";
import { Clock } from "../../harness/sweep/forecast/clock.ts";
import { secondsSideBySide } from "../../harness/sweep/forecast/sideBySide.ts";
import type { CellTodo, Todo } from "../../harness/sweep/forecast/todo.ts";
import { paperTarget } from "../support/target.ts";

const [weights, context, chunks] = [1000, 8, 10];
const step = (name: string): PlannedStep => ({ step: name, key: name.padEnd(64, "0"), growing: null, config: { context }, inputs: {} });
const rate = (of: string, kind: string, work: number, seconds: number): Rate => ({ of, kind, work, threads: 3, machine: "any", seconds: [seconds] });
const clock = new Clock([rate("reference", "as given", weights * context * chunks, 100), rate("quantize", "as given", weights, 10), rate("evaluate", "as given", weights * context * chunks, 30)], paperTarget());

function cell(...names: string[]): CellTodo {
  const steps = names.map(step);
  const job: Job = { format: 1, name: "q", results: "/r", target: { release: "b0", build: "", threads: 3 }, steps };
  const todos = steps.map((planned): Todo => ({ planned, cell: "q", makers: new Map(), amount: { weights, active: weights, chunks }, chunksInAll: chunks, quantizedBytes: 1, isKept: false }));
  return { job, missing: steps, todos };
}

const cells = [cell("reference", "quantize", "evaluate"), ...Array.from({ length: 3 }, () => cell("quantize", "evaluate"))];
const seconds = (onEachDevice: number, devices: number, processors: number, onDevice: boolean): number => Math.round(secondsSideBySide(cells, clock, { onEachDevice, devices, processors, threads: 3, onDevice }));

it("cells that share the processors take as long as one after the other; those that find some of their own are divided, behind what they share", () => {
  expect(seconds(1, 1, 3, false)).toBe(100 + 4 * 40);
  expect(seconds(4, 1, 3, false)).toBe(100 + 4 * 40);
  expect(seconds(4, 1, 6, false)).toBe(100 + 2 * 40);
  expect(seconds(4, 1, 12, false)).toBe(100 + 40);
  expect(seconds(3, 1, 12, false)).toBe(100 + 2 * 40);
});

it("cells are divided among devices, but not what processors do; several on one device take turns", () => {
  expect(seconds(1, 2, 3, true)).toBe(100 + 2 * 40);
  expect(seconds(1, 4, 3, true)).toBe(100 + 40);
  expect(seconds(4, 1, 3, true)).toBe(100 + 4 * 30);
  expect(seconds(1, 100, 3, true)).toBe(100 + 40);
});
