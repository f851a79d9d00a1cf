import { type Divided, quantizes, rangesOf, usualJobHours } from "../../jobs/parts.ts";
import { stepNamed } from "../../jobs/stepNamed.ts";
import { chunksPerBatch } from "../../steps/growingFrames.ts";
import type { Settings } from "../../steps/settings.ts";
import type { Clock } from "./clock.ts";
import type { CellTodo, Todo } from "./todo.ts";

/**
 * The parts in which a cell's evaluation is to be done; null when what is left of it takes no longer than a job may, or its
 * time is unknown.
 *
 * @param maxHours that one part may take
 */
export function dividedCell(cell: CellTodo, clock: Clock, maxHours = usualJobHours): Divided | null {
  const { todos, job } = cell;
  const evaluation = todos.find(({ planned }) => stepNamed(planned.step).part);
  if (!evaluation) return null;
  const secondsOf = (todo: Todo): number => clock.ofStep(todo).seconds;
  const left = secondsOf(evaluation);
  if (left <= 3600 * maxHours) return null;
  // Parts are of the whole, of which some may be done.
  const evaluate = secondsOf({ ...evaluation, amount: { ...evaluation.amount, chunks: evaluation.chunksInAll } });
  const { length } = rangesOf(evaluation.chunksInAll, chunksPerBatch(evaluation.planned.config as unknown as Settings), Math.ceil(evaluate / 3600 / maxHours));
  if (length === 1) return null;
  const planned = job.steps.find(({ step }) => step === "quantize");
  const quantize = planned ? secondsOf({ ...evaluation, planned }) : 0;
  const isToQuantize = todos.some(({ planned: { step } }) => step === "quantize");
  const rest = Math.max(0, clock.ofCell(cell).seconds - left - (isToQuantize ? quantize : 0));
  return { parts: length, maxHours, quantizes: quantizes(length, { seconds: quantize, bytes: evaluation.quantizedBytes }), seconds: { evaluate, quantize, rest } };
}
