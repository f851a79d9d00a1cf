import path from "node:path";
import { z } from "zod";
import { type Build, targetsOf } from "../build/build.ts";
import { isCurrent, storedBuild } from "../build/storedBuild.ts";
import { UserError } from "../errors.ts";
import { prepareOnNode } from "../executors/slurm/preparation.ts";
import { withDevice } from "../executors/slurm/resources.ts";
import { submissionsFolder } from "../executors/slurm/submission.ts";
import { canonicalJson, hashText } from "../hash.ts";
import { keptJson, keepJson } from "../json.ts";
import { cacheFolder } from "../paths.ts";
import { hasOwnDevices } from "../steps/devices.ts";
import type { Target } from "../steps/step.ts";
import { type NodeTarget, nodeTargetSchema, readAnswer, requestForNode } from "./answerPreparation.ts";
import { harnessBytes } from "./forecast/memory.ts";
import { type Prepared, planKept } from "./prepareHere.ts";
import type { Inputs, SweepContext } from "./readInputs.ts";
import { slurmSettings } from "./userSettings.ts";

const keptSchema = z.strictObject({ node: nodeTargetSchema, planned: z.string() });

/** Bytes that compilers take, on each processor. */
const compilerBytes = 2e9;

/**
 * Has a node of a cluster prepare what cells need, as where this machine is of another kind, unless one did so before and
 * nothing has changed since.
 *
 * @param how `anew` to ask a node all the same
 * @throws UserError what the node could not do, or what it made and this machine does not see
 */
export async function preparedByNodes(context: SweepContext, how: "as before" | "anew" = "as before"): Promise<Prepared> {
  const { inputs } = context;
  const before = how === "anew" ? null : await preparedBefore(context);
  if (before) return before;
  const node = await askNode(context);
  const build = await buildOf(node, inputs);
  if (!build) throw new UserError(`this machine does not see the build that node ${node.host} made in ${cacheFolder()}; give a cache folder that all nodes see in QUANTFLEX_CACHE`);
  const found = await plannedFor(node, build, context);
  if (found.unfitted.size > 0) throw new UserError(`this machine does not see the tables that node ${node.host} fitted in ${cacheFolder()} for ${[...found.unfitted].join(", ")}; give a cache folder that all nodes see in QUANTFLEX_CACHE`);
  await keepJson(keptFile(inputs), { node, planned: digest(inputs, found) });
  return found;
}

/** What a node prepared for the same cells; null where none did, or something has changed since. Nothing is asked of a node. */
export async function preparedBefore(context: SweepContext): Promise<Prepared | null> {
  const { inputs } = context;
  const before = await keptJson(keptFile(inputs), keptSchema);
  const build = before && (await buildOf(before.node, inputs));
  if (!build || !(await isCurrent(build, inputs.release))) return null;
  const found = await plannedFor(before.node, build, context);
  return found.unfitted.size === 0 && before.planned === digest(inputs, found) ? found : null;
}

function keptFile({ results }: Inputs): string {
  return path.join(submissionsFolder(results), "prepared.json");
}

async function plannedFor({ device, memory, xz }: NodeTarget, build: Build, context: SweepContext): Promise<Prepared & { unfitted: ReadonlySet<string> }> {
  const on: Target = { build, ...(device && { device }), threads: String(context.inputs.threads), memory, xz };
  return { targets: [on], ...(await planKept(context, on)) };
}

async function askNode({ inputs, request, report, signal }: SweepContext): Promise<NodeTarget> {
  const { study, results, model, threads, backend } = inputs;
  const asked = slurmSettings(request.slurm, study.slurm);
  const answer = await readAnswer(await prepareOnNode({
    study: study.name,
    results,
    settings: withDevice(asked, hasOwnDevices(backend)),
    request: await requestForNode({ ...request, threads, out: results, backend }),
    bytes: harnessBytes + model.gguf.fileBytes + compilerBytes * (asked.cpus ?? threads),
    threads,
    timing: request.timing,
  }, { note: (text) => report({ kind: "note", text }), signal }));
  if (answer.failure !== null) throw new UserError(answer.failure);
  return answer;
}

async function buildOf({ build }: NodeTarget, { study: { cells }, backend, release }: Inputs): Promise<Build | null> {
  return storedBuild(build, targetsOf(cells.some(({ feedback }) => feedback), backend), release);
}

/** Of what was asked for, and what follows from it. */
function digest({ backend, devices }: Inputs, { cells: { all } }: Prepared): string {
  return hashText(canonicalJson([backend, devices, all.map(({ job }) => job.steps.map(({ key }) => key))]));
}
