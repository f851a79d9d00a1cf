import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { type Build, targetsOf } from "../build/build.ts";
import { isCurrent, storedBuild } from "../build/storedBuild.ts";
import { UserError } from "../errors.ts";
import { prepareOnNode } from "../executors/slurm/preparation.ts";
import { withDevice } from "../executors/slurm/resources.ts";
import { preparedFile } from "../executors/slurm/submission.ts";
import { usualTiming } from "../executors/slurm/timing.ts";
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

/** Bytes that a compiler takes, and how many at a time are counted: most files take far less. */
const [compilerBytes, mostCompilers] = [2e9, 16];

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
  const found = await seenOf(node, context);
  await keepJson(preparedFile(inputs.results), { node, planned: digest(inputs, found) });
  return found;
}

/** What a node has made, which a shared file system may show late. @throws UserError when it is not seen in time */
async function seenOf(node: NodeTarget, context: SweepContext): Promise<Prepared> {
  const { patience, store } = context.request.timing ?? usualTiming;
  const start = performance.now();
  for (;;) {
    const build = await buildOf(node, context.inputs);
    const found = build && (await plannedFor(node, build, context));
    if (found?.unfitted.size === 0) return found;
    const lacking = found ? `the tables that node ${node.host} fitted for ${[...found.unfitted].join(", ")}` : `the build that node ${node.host} made`;
    if (performance.now() - start >= patience) throw new UserError(`this machine does not see ${lacking} in ${cacheFolder()}; give a cache folder that all nodes see in QUANTFLEX_CACHE`);
    await wait(store, undefined, { signal: context.signal });
  }
}

/** What a node prepared for the same cells; null where none did, or something has changed since. Nothing is asked of a node. */
export async function preparedBefore(context: SweepContext): Promise<Prepared | null> {
  const { inputs } = context;
  const before = await keptJson(preparedFile(inputs.results), keptSchema);
  const build = before && (await buildOf(before.node, inputs));
  if (!build || !(await isCurrent(build, inputs.release))) return null;
  const found = await plannedFor(before.node, build, context);
  return found.unfitted.size === 0 && before.planned === digest(inputs, found) ? found : null;
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
    bytes: harnessBytes + model.gguf.fileBytes + compilerBytes * Math.min(asked.cpus ?? threads, mostCompilers),
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
