import { partsOf, quantizes, usualJobHours } from "../../jobs/parts.ts";
import { stepNamed } from "../../jobs/stepNamed.ts";
import { chunksPerBatch } from "../../steps/growingFrames.ts";
import type { Settings } from "../../steps/settings.ts";
import type { Clock } from "./clock.ts";
import type { CellTodo, Todo } from "./todo.ts";

/** How a cell is divided whose evaluation takes longer than a job may. */
export interface Divided {
  parts: number;
  /** Whether one quantized file is made for all parts, or each quantizes for itself. */
  quantizes: "once" | "each";
}

/**
 * The parts in which a cell's evaluation is to be done; null when it takes no longer than a job may, or its time is unknown.
 *
 * @param maxHours that one part may take
 */
export function dividedCell({ todos, job }: CellTodo, clock: Clock, maxHours = usualJobHours): Divided | null {
  const evaluation = todos.find(({ planned }) => stepNamed(planned.step).part);
  if (!evaluation) return null;
  const secondsOf = (todo: Todo): number => clock.ofStep(todo).seconds;
  const { length } = partsOf(evaluation.amount.chunks, chunksPerBatch(evaluation.planned.config as unknown as Settings), secondsOf(evaluation), maxHours);
  if (length === 1) return null;
  const quantize = job.steps.find(({ step }) => step === "quantize");
  const seconds = quantize ? secondsOf({ ...evaluation, planned: quantize }) : 0;
  return { parts: length, quantizes: quantizes(length, { seconds, bytes: evaluation.quantizedBytes }) };
}
