import { keyOf } from "../steps/key.ts";
import { stepsOfCell } from "../steps/registry.ts";
import type { AnyStep, CellContext, Role, Target } from "../steps/step.ts";
import type { PlannedStep } from "./job.ts";
import { stepNamed } from "./stepNamed.ts";

/** Files that were given, by role. */
export type Given = Readonly<Record<Role, { path: string; sha256: string }>>;

/**
 * The steps of a cell, each after those whose files it reads. Where nothing is quantized, the model itself is measured.
 *
 * @param given what the study reads: `model`, `text`, and what its steps need besides
 * @throws RangeError a role that nothing gives
 */
export function planCell(context: CellContext, given: Given, on: Target): PlannedStep[] {
  const planned: PlannedStep[] = [];
  for (const step of stepsOfCell) {
    const config = step.configure(context) as object | null;
    if (config !== null) planned.push(planStep(step, config, { given, earlier: planned }, on));
  }
  return planned;
}

/** One step with its inputs and its key. */
export function planStep(step: AnyStep, config: object, sources: { given: Given; earlier: readonly PlannedStep[] }, on: Target): PlannedStep {
  const needs = step.needs(config);
  const entries = needs.map((role) => [role, sourceOf(role, sources)] as const);
  const hashes = (of: (source: Source) => string): Record<Role, string> => Object.fromEntries(entries.map(([role, source]) => [role, of(source)]));
  return {
    step: step.name,
    key: keyOf(step, config, hashes((source) => source.key), on),
    growing: step.grows ? keyOf(step, step.grows(config), hashes((source) => source.growing), on) : null,
    config: config as Record<string, unknown>,
    inputs: Object.fromEntries(entries.map(([role, { input }]) => [role, input])),
  };
}

interface Source {
  input: PlannedStep["inputs"][string];
  key: string;
  /** The key of what it belongs to, however far it goes. */
  growing: string;
}

function sourceOf(role: Role, { given, earlier }: { given: Given; earlier: readonly PlannedStep[] }): Source {
  const maker = earlier.find(({ step, config }) => stepNamed(step).gives(config).includes(role));
  if (maker) return { input: { step: maker.key }, key: maker.key, growing: maker.growing ?? maker.key };
  const file = given[role] ?? (role === "quantized" ? given["model"] : undefined);
  if (!file) throw new RangeError(`nothing gives the ${role} that a step needs`);
  return { input: { file: file.path, sha256: file.sha256 }, key: file.sha256, growing: file.sha256 };
}
