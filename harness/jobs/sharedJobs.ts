import type { Job } from "./job.ts";
import { recordOf, ownSteps } from "./ownSteps.ts";
import { stepNamed } from "./stepNamed.ts";

/**
 * What jobs share and nobody has made yet, each step as a job of its own that goes before them. Without it whoever comes first
 * makes it, and all others wait: on one machine that costs nothing.
 */
export async function sharedJobs(jobs: readonly Job[]): Promise<Job[]> {
  const found = new Map<string, Job>();
  for (const job of jobs) {
    const { results, target, steps } = job;
    const makers = new Map(steps.map((planned) => [planned.key, planned]));
    for (const own of ownSteps(job)) {
      const sources = Object.values(own.inputs).flatMap((input) => ("step" in input ? (makers.get(input.step) ?? []) : []));
      for (const shared of sources) {
        if (!stepNamed(shared.step).shared || found.has(shared.key) || own === shared) continue;
        if ((await recordOf(own, results)) || (await recordOf(shared, results))) continue;
        found.set(shared.key, { format: 1, name: shared.step, results, target, steps: [shared] });
      }
    }
  }
  return [...found.values()];
}

/** Those of some jobs that make what a job shares with others, or a part that does not quantize for itself with other parts. */
export function goingBefore(job: Job, others: readonly Job[]): Job[] {
  const shared = new Set(job.steps.filter((planned) => !ownSteps(job).includes(planned) || (planned.step === "quantize" && job.part?.alone === false)).map(({ key }) => key));
  return shared.size === 0 ? [] : others.filter((other) => ownSteps(other).some(({ key }) => shared.has(key)));
}

/** What makes a cell's quantized file for all parts of its evaluation; null where it is there, or was given. */
export async function quantizingJob({ steps, part: _part, ...job }: Job): Promise<Job | null> {
  const last = steps.findIndex(({ step }) => step === "quantize");
  if (last < 0 || (await recordOf(steps[last]!, job.results))) return null;
  return { ...job, name: `quantize of ${job.name}`, steps: steps.slice(0, last + 1) };
}
