import type { Need } from "../executors/slurm/resources.ts";
import type { Job } from "../jobs/job.ts";
import type { Target } from "../steps/step.ts";
import { readRatesByMachine } from "../store/rates.ts";
import { filesRead } from "./filesRead.ts";
import { Clock } from "./forecast/clock.ts";
import { dividedCell } from "./forecast/divided.ts";
import { harnessBytes, largest } from "./forecast/memory.ts";
import { presentSteps } from "./forecast/present.ts";
import { todosOf } from "./forecast/todo.ts";
import { chunksOf } from "./forecast/chunks.ts";
import type { Inputs } from "./readInputs.ts";

/**
 * What jobs take when each runs by itself, those for what cells share before them, and how they are to be divided: by the slowest
 * of the machines on which the like was run, since it is not known where they will run.
 *
 * @param maxHours that a job may take
 */
export async function slurmNeeds(jobs: readonly Job[], inputs: Inputs, on: Target, maxHours: number): Promise<Need[]> {
  const { gguf } = inputs.model;
  const todos = await todosOf(jobs, { ...filesRead(inputs), present: presentSteps(), chunksOf: await chunksOf(inputs, on.memory) });
  const clocks = [...(await readRatesByMachine()).values()].map((rates) => new Clock(rates, on));
  return todos.map((cell) => {
    const bytes = harnessBytes + (largest(cell.todos, { gguf, moments: on.memory })?.bytes ?? 0);
    const known = clocks.flatMap((clock) => {
      const { seconds, unknown } = clock.ofCell(cell);
      return unknown.length === 0 ? [{ seconds, clock }] : [];
    }).sort((left, right) => right.seconds - left.seconds);
    const [slowest] = known;
    return slowest ? { seconds: slowest.seconds, bytes, divided: dividedCell(cell, slowest.clock, maxHours) } : { seconds: null, bytes };
  });
}
