import { stat } from "node:fs/promises";
import path from "node:path";
import { canonicalJson } from "../../hash.ts";
import type { PlannedStep } from "../../jobs/job.ts";
import { ownSteps } from "../../jobs/ownSteps.ts";
import { stepNamed } from "../../jobs/stepNamed.ts";
import { keyInputs } from "../../steps/key.ts";
import type { Target } from "../../steps/step.ts";
import type { StepRecord } from "../../store/record.ts";
import { readFailure, resultsStore, stepFolder } from "../../store/store.ts";
import type { Earlier } from "./earlier.ts";
import type { Present } from "./present.ts";
import type { CellTodo } from "./todo.ts";

/**
 * Why a cell is to be run: that it never was, that it failed, or what of the first step's key is another than in the newest
 * record of that step for the cell of the same name.
 */
export async function whyToRun({ job, missing }: CellTodo, earlier: Earlier, present: Present, on: Target): Promise<string> {
  const { name, results, steps } = job;
  for (const planned of missing) {
    const { step, key } = planned;
    if (await present(resultsStore(results), step, key)) {
      const failure = await readFailure(resultsStore(results), step, key);
      if (failure) return `${step} failed on ${dayOf(failure)}: ${failure.reason}`;
      if (await isDamaged(results, planned)) return `the record of ${step} is damaged`;
    }
    const before = await earlier(name, step);
    if (!before) continue;
    const changes = changesOf(planned, before, steps, on);
    if (changes.length > 0) return `${step} of ${dayOf(before)} had another key: ${changes.slice(0, 3).join("; ")}${changes.length > 3 ? `; and ${changes.length - 3} more` : ""}`;
  }
  return missing.length === ownSteps(job).length ? "it was never run" : `${missing.map(({ step }) => step).join(", ")} ${missing.length === 1 ? "was" : "were"} not finished`;
}

function dayOf({ date }: { date: string }): string {
  return date.slice(0, 16).replace("T", " ");
}

async function isDamaged(results: string, { step, key }: PlannedStep): Promise<boolean> {
  return stat(path.join(stepFolder(resultsStore(results), step, key), "record.json")).then(() => true, () => false);
}

/** What of a step's key differs from a record's; what comes from another step is that step's to tell, unless nothing else differs. */
function changesOf({ step, config, inputs }: PlannedStep, { inputs: before }: StepRecord, steps: readonly PlannedStep[], on: Target): string[] {
  const hashes = Object.fromEntries(Object.entries(inputs).map(([role, input]) => [role, "file" in input ? input.sha256 : input.step]));
  const now = keyInputs(stepNamed(step), config, hashes, on);
  const made = new Set(steps.map(({ key }) => key));
  const entering = differences(before.inputs, now.inputs, (role) => [made.has(now.inputs[role] ?? "") ? `another ${role} file comes in` : `the ${role} has another content`]);
  const own = [
    ...(before.version === now.version ? [] : [`the step itself, version ${before.version} → ${now.version}`]),
    ...differences(before.config, now.config, (field, old, current) => changedField(field, old, current)),
    ...differences(before.facts, now.facts, (fact, old, current) => [factChanged(fact, old, current)]),
    ...entering,
  ];
  return own.length === 0 && canonicalJson(before.argv) !== canonicalJson(now.argv) ? ["the program's arguments"] : own;
}

function differences<Value>(before: Readonly<Record<string, Value>>, now: Readonly<Record<string, Value>>, say: (name: string, old: Value | undefined, current: Value | undefined) => string[]): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names.flatMap((name) => (canonicalJson(before[name] ?? null) === canonicalJson(now[name] ?? null) ? [] : say(name, before[name], now[name])));
}

const facts: Readonly<Record<string, string>> = { tree: "llama.cpp's source with its patches", library: "the pablo library", flags: "CMake's options", features: "the processor's features" };

function factChanged(fact: string, old: unknown, current: unknown): string {
  return facts[fact] ?? `${fact} ${shown(old)} → ${shown(current)}`;
}

/** A scheme is told line by line. */
function changedField(field: string, old: unknown, current: unknown): string[] {
  if (field !== "conf") return [`${field} ${shown(old)} → ${shown(current)}`];
  const [before, now] = [linesOf(old), linesOf(current)];
  return differences(before, now, (word, from, to) => [`${word} ${shown(from ?? null)} → ${shown(to ?? null)}`]);
}

function linesOf(conf: unknown): Record<string, string> {
  const [mode, ...lines] = String(conf ?? "").split("\n").filter(Boolean);
  return { ...(mode && { scheme: mode }), ...Object.fromEntries(lines.map((line) => [line.split(" ")[0]!, line.slice(line.indexOf(" ") + 1)])) };
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? null);
  return text === "null" ? "none" : text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

