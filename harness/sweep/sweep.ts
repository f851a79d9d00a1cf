import type { Executor } from "../executors/executor.ts";
import { localExecutor } from "../executors/local.ts";
import { slurmExecutor } from "../executors/slurm/slurm.ts";
import { UserError } from "../errors.ts";
import { OtherMachine } from "../jobs/otherMachine.ts";
import { ensureCache } from "../paths.ts";
import type { Target } from "../steps/step.ts";
import { writePlan } from "../store/plan.ts";
import type { Report } from "./events.ts";
import { failedCells } from "./failedCells.ts";
import { type ModelKeeper, modelKeeper } from "./keepModels.ts";
import { checkResults } from "./inputs.ts";
import { makePlan } from "./plan.ts";
import { type Prepared, prepareHere } from "./prepareHere.ts";
import { preparedByNodes } from "./prepareOnNodes.ts";
import { type Inputs, readInputs, type SweepContext } from "./readInputs.ts";
import type { SweepRequest } from "./request.ts";
import { runCells, type CellsEnded } from "./runCells.ts";
import { slurmNeeds } from "./slurmNeeds.ts";
import { tidyResults } from "./tidy.ts";
import { slurmSettings } from "./userSettings.ts";

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
  const context: SweepContext = { inputs, request, report, signal };
  try {
    return await runPrepared(inputs.prepare === "nodes" ? await preparedByNodes(context) : await prepareHere(context), context);
  } catch (error) {
    if (!(error instanceof OtherMachine) || slurmSettings(request.slurm, inputs.study.slurm).prepare === "here") throw error;
    report({ kind: "note", text: `${error.message}: one of them makes ready what cells need` });
    return runPrepared(await preparedByNodes(context, "anew"), context);
  }
}

async function runPrepared({ targets, cells: { shared, all, chosen: asked } }: Prepared, { inputs, request, report, signal }: SweepContext): Promise<SweepResult> {
  const { results } = inputs;
  const chosen = request.retryFailed ? await failedCells(asked) : asked;
  await writePlan(results, makePlan(shared, all.map(({ cell, job }) => ({ cell, steps: job.steps }))));
  await tidyResults(results, all.flatMap(({ job }) => job.steps));
  const keeper = modelKeeper(request.keepModels ?? "none", chosen.map(({ job }) => job));
  const cellsAsked = { results, failFast: request.failFast ?? false, again: new Set(await keeper.missing()) };
  const ended = await runCells(chosen, cellsAsked, executorOf(request, inputs, targets, keeper), report, signal);
  return { results, ...ended };
}

function executorOf({ slurm, detach = false, timing, stallLimit, jobs = 1 }: SweepRequest, inputs: Inputs, targets: readonly Target[], keeper: ModelKeeper): Executor {
  if (!slurm) return localExecutor(inTurn(targets, jobs), keeper.finish);
  const { study, results } = inputs;
  const settings = slurmSettings(slurm, study.slurm);
  return slurmExecutor({ study: study.name, results, settings, detach, needs: (asked, most) => slurmNeeds(asked, inputs, targets[0]!, most / 3600), ...(stallLimit !== undefined && { stallMinutes: stallLimit }), ...(timing && { timing }) });
}

/** @throws UserError for what only cells on this machine can have */
function refuseOnCluster({ slurm, keepModels = "none", devices, build }: SweepRequest): void {
  if (!slurm) return;
  if (keepModels !== "none") throw new UserError("--keep-models does not go with --executor slurm: quantized models are kept by the machine that makes them; run the sweep again without --executor for that, when all is stored");
  if (devices) throw new UserError("--devices does not go with --executor slurm: each job has a node's devices for itself; give --device with a name that it has there, and --gres");
  if (build) throw new UserError("jobs on a cluster use the patched build");
}

/** Each device so often as cells run on it side by side, the devices by turns. */
function inTurn(targets: readonly Target[], times: number): Target[] {
  return Array.from({ length: times }, () => targets).flat();
}
