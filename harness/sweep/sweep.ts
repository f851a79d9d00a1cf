import type { BackendName } from "../build/backends.ts";
import { type Build, ensureBuild } from "../build/build.ts";
import type { Executor } from "../executors/executor.ts";
import { localExecutor } from "../executors/local.ts";
import type { Timing } from "../executors/slurm/follow.ts";
import { slurmExecutor } from "../executors/slurm/slurm.ts";
import { UserError } from "../errors.ts";
import { ensureCache } from "../paths.ts";
import { keepRate } from "../store/rates.ts";
import type { Target } from "../steps/step.ts";
import { writePlan } from "../store/plan.ts";
import type { SlurmSettings } from "../study/slurmSettings.ts";
import type { Report } from "./events.ts";
import { failedCells } from "./failedCells.ts";
import { fitCells } from "./fits.ts";
import { refuseWithoutAnyMemory } from "./forecast/deviceMemory.ts";
import { type KeptModels, type ModelKeeper, modelKeeper } from "./keepModels.ts";
import { checkResults, type Model } from "./inputs.ts";
import { keptTables } from "./keptTables.ts";
import { refuseFewTokens, refuseUnloadable } from "./loadable.ts";
import { makePlan } from "./plan.ts";
import { buildOptions, buildRate, expectedBuild, fitInputsOf, type Inputs, planCells, type PlannedCells, readInputs, roomOf, targetsOfCells } from "./prepare.ts";
import { refuseWithoutRoom } from "./room.ts";
import { runCells, type CellsEnded } from "./runCells.ts";
import { slurmNeeds } from "./slurmNeeds.ts";
import { calibrationUse } from "./textInput.ts";
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
  const { results, model, text } = inputs;
  const expected = await expectedBuild(inputs, request, signal);
  const first = expected && (await plannedFirst(inputs, expected.build, request, report, signal));
  const build = expected?.isThere ? expected.build : await patchedBuild(inputs, report, signal);
  const { targets, unfitted, planned } = first ?? (await plannedFirst(inputs, build, request, report, signal));
  const asking = { build, report, signal };
  for (const file of [model, ...inputs.ready.values()]) await refuseUnloadable(file, asking);
  await refuseFewTokens(model, text, "--text", inputs.settings, asking);
  for (const one of inputs.calibrations.values()) await refuseFewTokens(model, one, calibrationUse.option, inputs.settings, asking);
  const places = targets.map((on) => ({ ...on, build }));
  const target = places[0]!;
  const fit = async (): Promise<PlannedCells> => planCells(inputs, await fitCells(inputs.study.cells, inputs.wanted, fitInputsOf(inputs, target, report, signal), report, signal), target, request.argv);
  const { shared, all, chosen: asked } = expected?.isThere && unfitted.size === 0 ? planned : await fit();
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
  return slurmExecutor({ study: study.name, results, settings, detach, needs: (asked) => slurmNeeds(asked, inputs, places[0]!, settings.max_job_hours), ...(stallLimit !== undefined && { stallMinutes: stallLimit }), ...(timing && { timing }) });
}

/** @throws UserError for what only cells on this machine can have */
function refuseOnCluster({ slurm, keepModels = "none", devices, build }: SweepRequest): void {
  if (!slurm) return;
  if (keepModels !== "none") throw new UserError("--keep-models does not go with --executor slurm: quantized models are kept by the machine that makes them; run the sweep again without --executor for that, when all is stored");
  if (devices) throw new UserError("--devices does not go with --executor slurm: each job has a node's devices for itself; give --device with a name that it has there, and --gres");
  if (build) throw new UserError("jobs on a cluster use the patched build");
}

/** The cells as far as they are known before anything is computed: those whose tables are not fitted yet count as others of their size. */
interface PlannedFirst {
  /** One for each device. */
  targets: readonly Target[];
  unfitted: ReadonlySet<string>;
  planned: PlannedCells;
}

/** Plans a sweep. @throws UserError when it cannot fit into disk or memory */
async function plannedFirst(inputs: Inputs, build: Build, request: SweepRequest, report: Report, signal: AbortSignal): Promise<PlannedFirst> {
  const targets = await targetsOfCells(inputs, build, request, signal);
  const [on] = targets;
  const { cells, unfitted } = await keptTables(inputs.study.cells, fitInputsOf(inputs, on, report, signal));
  const planned = planCells(inputs, cells, on, request.argv);
  const jobs = planned.chosen.map(({ job }) => job);
  await refuseWithoutRoom(jobs, roomOf(inputs, request));
  if (!request.slurm) await refuseWithoutAnyMemory(jobs, inputs.model.gguf, { targets, jobs: request.jobs ?? 1 });
  return { targets, unfitted, planned };
}

/** Each device so often as cells run on it side by side, the devices by turns. */
function inTurn(places: readonly Target[], times: number): Target[] {
  return Array.from({ length: times }, () => places).flat();
}

async function patchedBuild(inputs: Inputs, report: Report, signal: AbortSignal): Promise<Build> {
  const start = performance.now();
  const build = await ensureBuild("patched", {
    ...buildOptions(inputs),
    report: (text, fraction) => report({ kind: "build", text, fraction }),
    signal,
  });
  await keepRate(buildRate(inputs), (performance.now() - start) / 1000);
  return build;
}
