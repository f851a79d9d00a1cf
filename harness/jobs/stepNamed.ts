import { UserError } from "../errors.ts";
import { stepsOfCell } from "../steps/registry.ts";
import type { AnyStep } from "../steps/step.ts";

/** The step by that name. @throws UserError when the registry has none */
export function stepNamed(name: string): AnyStep {
  const step = stepsOfCell.find((one) => one.name === name);
  if (!step) throw new UserError(`there is no step ${name}; there are ${stepsOfCell.map((one) => one.name).join(", ")}`);
  return step;
}
