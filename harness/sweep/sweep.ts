import type { BackendName } from "../build/backends.ts";
import type { Build } from "../build/build.ts";
import type { Executor } from "../executors/executor.ts";
import { localExecutor } from "../executors/local.ts";
import type { Timing } from "../executors/slurm/follow.ts";
import { slurmExecutor } from "../executors/slurm/slurm.ts";
import { UserError } from "../errors.ts";
import { OtherMachine } from "../jobs/otherMachine.ts";
import { ensureCache } from "../paths.ts";
import type { Target } from "../steps/step.ts";
import { writePlan } from "../store/plan.ts";
import type { SlurmSettings } from "../study/slurmSettings.ts";
import type { Report } from "./events.ts";
import { failedCells } from "./failedCells.ts";
import { type Ground, layGround } from "./ground.ts";
import { type KeptModels, type ModelKeeper, modelKeeper } from "./keepModels.ts";
import { checkResults, type Model } from "./inputs.ts";
import { type Asking, groundOfNodes } from "./nodeGround.ts";
import { makePlan } from "./plan.ts";
import { type Inputs, readInputs } from "./prepare.ts";
import { runCells, type CellsEnded } from "./runCells.ts";
import { slurmNeeds } from "./slurmNeeds.ts";
import { tidyResults } from "./tidy.ts";
import { slurmSettings } from "./userSettings.ts";

/** What a sweep shall do; everything but the study has a default. */
export interface SweepRequest {
  /** Path of a study, or the name of one in studies/. */
  study: string;
  /** Path, or the name of one in models/; the study's by default, else sotu-1m. */
  model?: string;
  /** A model without weights in place of a file's, of a plan. */
  shaped?: Model;
  /** Path, or the name of one that is known; the study's by default, else the demo models' held-out speeches. */
  text?: string;
  /** Calibration text, in place of the study's. */
  calibration?: string;
  /** A ready importance matrix, in place of one that is computed. */
  imatrix?: string;
  chunks?: number;
  threads?: number;
  /** Ready-made files to measure beside the study's cells, whatever \`only\` says. */
  also?: readonly string[];
  /** Names of cells, as `selectCells` takes them. */
  only?: string;
  /** results/STUDY-MODEL by default, or STUDY-MODEL-RELEASE when a release is named. */
  out?: string;
  /** Cells at a time, 1 by default: each uses all threads. With several devices, on each. */
  jobs?: number;
  /** What llama.cpp is built for; see askedBackend for what it is by default. */
  backend?: BackendName;
  /** Name of the device that models are computed on; the study's by default, else the first that there is. */
  device?: string;
  /** Several of one kind, which cells are shared out among. */
  devices?: readonly string[];
  /** Minutes after which a silent program is taken for one that hangs, ten by default; 0 for never. */
  stallLimit?: number;
  /** How jobs are submitted to Slurm; absent where cells run on this machine. */
  slurm?: SlurmSettings;
  /** Whether it is enough that jobs are submitted. */
  detach?: boolean;
  /** How often jobs are looked at, and how long for, for tests. */
  timing?: Timing;
  /** Whether the first cell that fails stops the others. */
  failFast?: boolean;
  /** Whether only cells are run that failed when they were run last. */
  retryFailed?: boolean;
  /** Which quantized models stay with the results, in models/; none by default. */
  keepModels?: KeptModels;
  /** Tag of the release of llama.cpp to use; the pin by default. */
  release?: string;
  /** Binaries to use; the patched build by default. */
  build?: Build;
  /** The command line, for the manifest. */
  argv?: readonly string[];
}

/** How a sweep ended. */
export interface SweepResult extends CellsEnded {
  results: string;
}

/**
 * Run a study: every cell is quantized, counted, compressed and evaluated, as far as the records of its steps are not there. A failed
 * cell does not stop the others. Several sweeps into one folder share the work.
 *
 * @param signal stops the sweep: children are ended, the cells under way leave nothing but what was finished
 * @throws UserError before anything runs when an input is at fault; AbortError when `signal` fires
 */
export async function sweep(request: SweepRequest, report: Report, signal: AbortSignal): Promise<SweepResult> {
  ensureCache();
  refuseOnCluster(request);
  const inputs = await readInputs(request, checkResults, report, signal);
  const ask: Asking = { inputs, request, report, signal };
  try {
    return await onGround(inputs.madeReadyBy === "nodes" ? await groundOfNodes(ask, "as before") : await layGround(inputs, request, report, signal), ask);
  } catch (error) {
    if (!(error instanceof OtherMachine)) throw error;
    report({ kind: "note", text: `${error.message}: one of them makes ready what cells need` });
    return onGround(await groundOfNodes(ask, "anew"), ask);
  }
}

async function onGround({ places, cells: { shared, all, chosen: asked } }: Ground, { inputs, request, report, signal }: Asking): Promise<SweepResult> {
  const { results } = inputs;
  const chosen = request.retryFailed ? await failedCells(asked) : asked;
  await writePlan(results, makePlan(shared, all.map(({ cell, job }) => ({ cell, steps: job.steps }))));
  await tidyResults(results, all.flatMap(({ job }) => job.steps));
  const keeper = modelKeeper(request.keepModels ?? "none", chosen.map(({ job }) => job));
  const cellsAsked = { results, failFast: request.failFast ?? false, again: new Set(await keeper.missing()) };
  const ended = await runCells(chosen, cellsAsked, executorOf(request, inputs, places, keeper), report, signal);
  return { results, ...ended };
}

function executorOf({ slurm, detach = false, timing, stallLimit, jobs = 1 }: SweepRequest, inputs: Inputs, places: readonly Target[], keeper: ModelKeeper): Executor {
  if (!slurm) return localExecutor(inTurn(places, jobs), keeper.finish);
  const { study, results } = inputs;
  const settings = slurmSettings(slurm, study.slurm);
  return slurmExecutor({ study: study.name, results, settings, detach, needs: (asked, most) => slurmNeeds(asked, inputs, places[0]!, most / 3600), ...(stallLimit !== undefined && { stallMinutes: stallLimit }), ...(timing && { timing }) });
}

/** @throws UserError for what only cells on this machine can have */
function refuseOnCluster({ slurm, keepModels = "none", devices, build }: SweepRequest): void {
  if (!slurm) return;
  if (keepModels !== "none") throw new UserError("--keep-models does not go with --executor slurm: quantized models are kept by the machine that makes them; run the sweep again without --executor for that, when all is stored");
  if (devices) throw new UserError("--devices does not go with --executor slurm: each job has a node's devices for itself; give --device with a name that it has there, and --gres");
  if (build) throw new UserError("jobs on a cluster use the patched build");
}

/** Each device so often as cells run on it side by side, the devices by turns. */
function inTurn(places: readonly Target[], times: number): Target[] {
  return Array.from({ length: times }, () => places).flat();
}
