import { keyOf } from "../steps/key.ts";
import { stepsOfCell } from "../steps/registry.ts";
import type { AnyStep, CellContext, Role, Target } from "../steps/step.ts";
import type { PlannedStep } from "./job.ts";
import { type OneOfEqual, oneOfEqual } from "./oneOfEqual.ts";
import { stepNamed } from "./stepNamed.ts";

/** Files that were given, by role. */
export type Given = Readonly<Record<Role, { path: string; sha256: string }>>;

/**
 * The steps of a cell, each after those whose files it reads. Where nothing is quantized, the model itself is measured.
 *
 * @param given what the study reads: `model`, `text`, and what its steps need besides
 * @param one the same for all cells of a grid, which then hold what they have in common once
 * @throws RangeError a role that nothing gives
 */
export function planCell(context: CellContext, given: Given, on: Target, one: OneOfEqual = oneOfEqual()): PlannedStep[] {
  const planned: PlannedStep[] = [];
  for (const step of stepsOfCell) {
    const config = step.configure(context) as object | null;
    if (config === null) continue;
    const made = planStep(step, one(config), { given, earlier: planned, one }, on);
    planned.push(step.shared ? one(made) : made);
  }
  return planned;
}

/** One step with its inputs and its key. */
export function planStep(step: AnyStep, config: object, sources: Sources, on: Target): PlannedStep {
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

/** Where a step's files come from. */
interface Sources {
  given: Given;
  earlier: readonly PlannedStep[];
  one?: OneOfEqual;
}

interface Source {
  input: PlannedStep["inputs"][string];
  key: string;
  /** The key of what it belongs to, however far it goes. */
  growing: string;
}

function sourceOf(role: Role, { given, earlier, one = oneOfEqual() }: Sources): Source {
  const maker = earlier.find(({ step, config }) => stepNamed(step).gives(config).includes(role));
  if (maker) return { input: one({ step: maker.key }), key: maker.key, growing: maker.growing ?? maker.key };
  const file = given[role] ?? (role === "quantized" ? given["model"] : undefined);
  if (!file) throw new RangeError(`nothing gives the ${role} that a step needs`);
  return { input: one({ file: file.path, sha256: file.sha256 }), key: file.sha256, growing: file.sha256 };
}
