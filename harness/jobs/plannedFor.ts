import { keyInputs, keyOf } from "../steps/key.ts";
import type { Target } from "../steps/step.ts";
import { type KeyInputs, stepKey } from "../store/record.ts";
import type { PlannedStep } from "./job.ts";
import { stepNamed } from "./stepNamed.ts";

/** Steps of a job by their keys. */
type Makers = ReadonlyMap<string, PlannedStep>;

/**
 * What determines a step's result here.
 *
 * @returns null where its keys are others here than those that it was planned with: what it found would be stored as what it is not
 */
export function determinedAsPlanned({ step: name, config, inputs, key, growing }: PlannedStep, makers: Makers, on: Target): KeyInputs | null {
  const step = stepNamed(name);
  const determined = keyInputs(step, config, hashesOf(inputs, (maker) => maker), on);
  const grown = step.grows ? keyOf(step, step.grows(config), hashesOf(inputs, (maker) => makers.get(maker)?.growing ?? maker), on) : null;
  return stepKey(determined) === key && grown === growing ? determined : null;
}

function hashesOf(inputs: PlannedStep["inputs"], ofMaker: (key: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([role, input]) => [role, "file" in input ? input.sha256 : ofMaker(input.step)]));
}
