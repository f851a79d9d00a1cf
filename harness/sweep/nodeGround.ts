import path from "node:path";
import { z } from "zod";
import { type Build, targetsOf } from "../build/build.ts";
import { isCurrent, storedBuild } from "../build/storedBuild.ts";
import { UserError } from "../errors.ts";
import { prepareOnNode } from "../executors/slurm/preparation.ts";
import { withDevice } from "../executors/slurm/resources.ts";
import { canonicalJson, hashText } from "../hash.ts";
import { keptJson, keepJson } from "../json.ts";
import { cacheFolder } from "../paths.ts";
import { hasOwnDevices } from "../steps/devices.ts";
import type { Target } from "../steps/step.ts";
import { resultsStore } from "../store/store.ts";
import type { Report } from "./events.ts";
import { harnessBytes } from "./forecast/memory.ts";
import { type Ground, planKept } from "./ground.ts";
import { type NodeGround, nodeGroundSchema, readNodeAnswer, requestForNode } from "./nodeAnswer.ts";
import type { Inputs } from "./prepare.ts";
import type { SweepRequest } from "./sweep.ts";
import { slurmSettings } from "./userSettings.ts";

const keptSchema = z.strictObject({ node: nodeGroundSchema, planned: z.string() });

/** Bytes that compilers take, on each processor. */
const compilerBytes = 2e9;

/** A sweep, and who hears of it. */
export interface Asking {
  inputs: Inputs;
  request: SweepRequest;
  report: Report;
  signal: AbortSignal;
}

/**
 * Has a node of a cluster make ready what cells need, as where this machine is of another kind.
 *
 * @param how with `as before`, not where a node did so before for the same cells, and nothing has changed since
 * @throws UserError what the node could not do, or what it made and this machine does not see
 */
export async function groundOfNodes({ inputs, request, report, signal }: Asking, how: "as before" | "anew"): Promise<Ground> {
  const kept = path.join(resultsStore(inputs.results), "slurm", "ground.json");
  const before = how === "anew" ? null : await keptJson(kept, keptSchema);
  if (before) {
    const build = await buildOf(before.node, inputs);
    const found = build && (await isCurrent(build, inputs.release)) && (await plan(before.node, build));
    if (found && found.unfitted.size === 0 && before.planned === digest(inputs, found)) return found;
  }
  const node = await askNode();
  const build = await buildOf(node, inputs);
  if (!build) throw new UserError(`this machine does not see the build that node ${node.host} made in ${cacheFolder()}; give a cache folder that all nodes see in QUANTFLEX_CACHE`);
  const found = await plan(node, build);
  if (found.unfitted.size > 0) throw new UserError(`this machine does not see the tables that node ${node.host} fitted in ${cacheFolder()} for ${[...found.unfitted].join(", ")}; give a cache folder that all nodes see in QUANTFLEX_CACHE`);
  await keepJson(kept, { node, planned: digest(inputs, found) });
  return found;

  async function plan({ device, memory, xz }: NodeGround, made: Build): Promise<Ground & { unfitted: ReadonlySet<string> }> {
    const on: Target = { build: made, ...(device && { device }), threads: String(inputs.threads), memory, xz };
    return { places: [on], ...(await planKept(inputs, on, request, report, signal)) };
  }

  async function askNode(): Promise<NodeGround> {
    const { study, results, model, threads, backend } = inputs;
    const asked = slurmSettings(request.slurm, study.slurm);
    const answer = await readNodeAnswer(await prepareOnNode({
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
}

async function buildOf({ build }: NodeGround, { study: { cells }, backend, release }: Inputs): Promise<Build | null> {
  return storedBuild(build, targetsOf(cells.some(({ feedback }) => feedback), backend), release);
}

/** Of what was asked for, and what follows from it. */
function digest({ backend, devices }: Inputs, { cells: { all } }: Ground): string {
  return hashText(canonicalJson([backend, devices, all.map(({ job }) => job.steps.map(({ key }) => key))]));
}
