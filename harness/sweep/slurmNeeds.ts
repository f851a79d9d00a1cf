import type { Need } from "../executors/slurm/resources.ts";
import type { Job } from "../jobs/job.ts";
import type { Target } from "../steps/step.ts";
import { readRatesByMachine } from "../store/rates.ts";
import { Clock } from "./forecast/clock.ts";
import { harnessBytes, largest } from "./forecast/memory.ts";
import { presentSteps } from "./forecast/present.ts";
import { todosOf } from "./forecast/todo.ts";
import { chunksOf } from "./forecast/chunks.ts";
import type { Inputs } from "./prepare.ts";

/**
 * What jobs take when each runs by itself, those for what cells share before them: by the slowest of the machines on which the
 * like was run, since it is not known where they will run.
 */
export async function slurmNeeds(jobs: readonly Job[], inputs: Inputs, on: Target): Promise<Need[]> {
  const { gguf } = inputs.model;
  const todos = await todosOf(jobs, { gguf, present: presentSteps(), chunksOf: await chunksOf(inputs, on.memory) });
  const clocks = [...(await readRatesByMachine()).values()].map((rates) => new Clock(rates, on));
  return todos.map((cell) => {
    const known = clocks.map((clock) => clock.ofCell(cell)).filter(({ unknown }) => unknown.length === 0);
    return { seconds: known.length === 0 ? null : Math.max(...known.map(({ seconds }) => seconds)), bytes: harnessBytes + (largest(cell.todos, { gguf, moments: on.memory })?.bytes ?? 0) };
  });
}
