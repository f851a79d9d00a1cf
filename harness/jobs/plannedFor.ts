import { keyInputs, keyOf } from "../steps/key.ts";
import type { Target } from "../steps/step.ts";
import type { KeyInputs } from "../store/record.ts";
import type { PlannedStep } from "./job.ts";
import { stepNamed } from "./stepNamed.ts";

/** Steps of a job by their keys. */
type Makers = ReadonlyMap<string, PlannedStep>;

/** What determines a step's result here. */
export function determinedBy({ step, config, inputs }: PlannedStep, on: Target): KeyInputs {
  return keyInputs(stepNamed(step), config, hashesOf(inputs, (key) => key), on);
}

/** Whether a step has the keys here that it was planned with: what else it found would be stored as what it is not. */
export function isPlannedFor(planned: PlannedStep, makers: Makers, on: Target): boolean {
  const { step: name, config, inputs, key, growing } = planned;
  const step = stepNamed(name);
  const ofMaker = (maker: string): string => makers.get(maker)?.growing ?? maker;
  return keyOf(step, config, hashesOf(inputs, (maker) => maker), on) === key && (step.grows ? keyOf(step, step.grows(config), hashesOf(inputs, ofMaker), on) : null) === growing;
}

function hashesOf(inputs: PlannedStep["inputs"], ofMaker: (key: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([role, input]) => [role, "file" in input ? input.sha256 : ofMaker(input.step)]));
}
