import os from "node:os";
import path from "node:path";
import { askedBackend } from "../build/askedBackend.ts";
import { type BackendName, backends } from "../build/backends.ts";
import { type Build, type BuildOptions, findBuild, targetsOf } from "../build/build.ts";
import { backendFlavour } from "../build/flavour.ts";
import { UserError } from "../errors.ts";
import { areOfOtherKind } from "../executors/slurm/probe.ts";
import type { FitInputs } from "../fit/cached.ts";
import { planCell } from "../jobs/chain.ts";
import type { Job } from "../jobs/job.ts";
import { projectRoot } from "../paths.ts";
import { hasOwnDevices, refuseDevice } from "../steps/devices.ts";
import { fileFields } from "../steps/registry.ts";
import type { Settings } from "../steps/settings.ts";
import type { Target } from "../steps/step.ts";
import type { RateOf } from "../store/rates.ts";
import { findStudy, loadStudy, type StudyFile } from "../study/find.ts";
import type { Cell, Study } from "../study/types.ts";
import { releaseNamed, type Release } from "../upstream/releases.ts";
import { askedModel, askedText } from "./asked.ts";
import { checkCalibrations } from "./calibrations.ts";
import type { Report } from "./events.ts";
import { fitInputs } from "./fits.ts";
import { fitInputsWith, type GivenImportance, givenImportance } from "./givenImportance.ts";
import { checkModel, checkStepFiles, type Content, type Model } from "./inputs.ts";
import { refuseUnmeasurable } from "./modelKind.ts";
import type { Asked } from "./plan.ts";
import type { RoomRequest } from "./room.ts";
import { readableFile } from "./readableFile.ts";
import { readyFiles, refuseOtherVocabulary } from "./readyFiles.ts";
import type { CellJob } from "./runCells.ts";
import type { SweepRequest } from "./sweep.ts";
import { refuseUnsupported } from "./supported.ts";
import { findTargets } from "./targets.ts";
import { checkText } from "./textInput.ts";
import { slurmSettings } from "./userSettings.ts";

/** All that a sweep reads, checked; nothing is computed yet. */
export interface Inputs {
  study: Study;
  studyPath: string;
  /** Names of the cells that this sweep is about. */
  wanted: ReadonlySet<string>;
  release: Release;
  backend: BackendName;
  /** Where llama.cpp is built, and all else is made that cells need before the first: on this machine, or by a job on a cluster's node. */
  madeReadyBy: "here" | "nodes";
  /** Names of the devices that cells run on; none for the first that there is. */
  devices: readonly string[];
  model: Model;
  text: Content;
  calibrations: ReadonlyMap<string, Content>;
  /** Files that the study names for steps of their own, by field. */
  files: Awaited<ReturnType<typeof checkStepFiles>>;
  /** A ready importance matrix, which is one of the files as well; null without one. */
  imatrix: GivenImportance | null;
  /** Ready-made files, by the name of the cell that measures each. */
  ready: ReadonlyMap<string, Model>;
  settings: Settings;
  threads: number;
  results: string;
}

/**
 * Reads and checks everything that a sweep is asked for.
 *
 * @param checkFolder looks at the folder that results go to
 * @param report hears what a ready importance matrix says of itself
 * @throws UserError naming the input that is at fault
 */
export async function readInputs(request: SweepRequest, checkFolder: (folder: string, model: Content) => Promise<void>, report: Report, signal: AbortSignal): Promise<Inputs> {
  const studyFile = await findReadableStudy(request.study, signal);
  const { folder } = studyFile;
  const fetching = { report, signal };
  const { study, ready, wanted } = await readyFiles(loadStudy(studyFile, fileFields, { importance: request.imatrix !== undefined }), { folder, also: request.also, only: request.only }, fetching);
  const release = await releaseNamed(request.release);
  const supports: Build["supports"] = request.build?.supports ?? ((feature) => !release.lacks?.includes(feature));
  const backend = request.build?.backend ?? askedBackend(request.backend, study.backend);
  // What is missing is told before anything large is read.
  if (!request.build && !request.slurm) await backendFlavour(backend, release, signal);
  const devices = askedDevices(request, study);
  for (const device of devices.length > 0 ? devices : [undefined]) refuseDevice(backend, device);
  refuseUnsupported(request.build?.release ?? release.tag, supports, study, study.cells.filter(({ name }) => wanted.has(name)));
  const model = request.shaped ?? (await checkModel(await askedModel({ given: request.model, study: study.model, folder }, fetching), signal));
  refuseUnmeasurable(model);
  const results = path.resolve(request.out ?? path.join(projectRoot, "results", [study.name, model.name, ...(request.release ? [release.tag] : [])].join("-")));
  const madeReadyBy = placeOfPreparation(request, study, backend, results);
  for (const file of ready.values()) refuseOtherVocabulary(file, model);
  const text = await checkText(await askedText({ given: request.text, study: study.text, folder }, fetching), study.context, signal);
  await checkFolder(results, model);
  const calibrations = await checkCalibrations({ study, cells: study.cells, folder, given: request.calibration }, text, fetching);
  const chosen = study.cells.filter(({ name }) => wanted.has(name));
  const imatrix = request.imatrix === undefined ? null : await givenImportance(request.imatrix, { model, cells: chosen, readsGguf: supports("imatrix") }, report, signal);
  const files = { ...(await checkStepFiles(study, studyFile, fetching)), ...(imatrix && { imatrix }) };
  return {
    study, studyPath: studyFile.path, wanted, release, backend, madeReadyBy, devices, model, text, calibrations, imatrix, files, ready, results,
    settings: { context: study.context, batch: study.batch, ubatch: study.ubatch, chunks: request.chunks ?? study.chunks ?? null },
    threads: request.threads ?? study.threads ?? (request.slurm && slurmSettings(request.slurm, study.slurm).cpus) ?? os.availableParallelism(),
  };
}

/** Nodes make ready what runs on their devices, and what they have refused before since they are of another kind; unless it is said where. */
function placeOfPreparation({ slurm }: Pick<SweepRequest, "slurm">, study: Study, backend: BackendName, results: string): Inputs["madeReadyBy"] {
  if (!slurm) return "here";
  return slurmSettings(slurm, study.slurm).prepare ?? (hasOwnDevices(backend) || areOfOtherKind(results) ? "nodes" : "here");
}

/** The build that a sweep runs on, and whether it is there; null where its key cannot be known before it is made. */
export async function expectedBuild(inputs: Inputs, { build }: Pick<SweepRequest, "build">, signal: AbortSignal): Promise<{ build: Build; isThere: boolean } | null> {
  if (build) return { build, isThere: true };
  if (inputs.madeReadyBy === "nodes") return null;
  const found = await findBuild("patched", { ...buildOptions(inputs), signal });
  // Which devices there are is asked of its programs.
  return found?.isThere === false && backends[inputs.backend].hasDevices ? null : found;
}

/** How the programs are built that a study's cells need. */
export function buildOptions({ release, study: { cells }, backend }: Pick<Inputs, "release" | "study" | "backend">): Pick<BuildOptions, "release" | "targets" | "backend"> {
  return { release, targets: targetsOf(cells.some(({ feedback }) => feedback), backend), backend };
}

/** What the time of a build is remembered by. */
export function buildRate({ release: { tag }, backend }: Pick<Inputs, "release" | "backend">): RateOf {
  return { of: "build", kind: backend === "native" ? tag : `${tag} ${backend}`, work: 1, threads: os.availableParallelism() };
}

function askedDevices({ device, devices }: SweepRequest, { device: ofStudy }: Study): string[] {
  if (device !== undefined && devices !== undefined) throw new UserError("--device and --devices were given; give one of them");
  if (devices !== undefined) return [...devices];
  const one = device ?? ofStudy;
  return one === undefined ? [] : [one];
}

/** What room for a sweep's files is looked for by. */
export function roomOf({ model, text, results, devices }: Inputs, { jobs = 1, keepModels }: Pick<SweepRequest, "jobs" | "keepModels">): RoomRequest {
  return { gguf: model.gguf, textBytes: text.bytes, results, atOnce: jobs * Math.max(1, devices.length), keepsAll: keepModels === "all" };
}

/** What the steps run on, as of {@link findTargets}. */
export async function targetsOfCells({ threads, devices }: Inputs, build: Build, { stallLimit }: Pick<SweepRequest, "stallLimit">, signal: AbortSignal): Promise<[Target, ...Target[]]> {
  return findTargets(build, { threads, devices, stallMinutes: stallLimit }, signal);
}

/** What the tables of cells are fitted to, which cells of the same calibration share; nothing is computed by that. */
export function fitInputsOf({ model, calibrations, imatrix, settings }: Inputs, on: Target, report: Report, signal: AbortSignal): (cell: Cell) => FitInputs {
  const known = new Map<string, FitInputs>();
  return ({ calibration }) => {
    if (imatrix) return fitInputsWith(model, imatrix);
    const name = JSON.stringify([calibration?.text, calibration?.chunks]);
    const inputs = known.get(name) ?? fitInputs(model, calibration ? { text: calibrations.get(calibration.text)!, chunks: calibration.chunks ?? null, settings, on } : null, report, signal);
    known.set(name, inputs);
    return inputs;
  };
}

/** Cells with the steps of each, and what they have in common. */
export interface PlannedCells {
  shared: Asked;
  /** Every cell of the study. */
  all: CellJob[];
  /** Those that this sweep is about. */
  chosen: CellJob[];
}

/** @param cells with their tables */
export function planCells(inputs: Inputs, cells: readonly Cell[], on: Target, argv: readonly string[] = []): PlannedCells {
  const { studyPath, model, text, settings, calibrations, files, ready, wanted, results, devices } = inputs;
  const study = { ...inputs.study, cells: [...cells] };
  const shared: Asked = { study, studyPath, model, text, settings, calibrations, files, ready, on, devices, argv };
  const all = planJobs(shared, model, results);
  return { shared, all, chosen: all.filter(({ cell }) => wanted.has(cell.name)) };
}

/** Paths in a study that came through a pipe count from the working directory. */
async function findReadableStudy(asked: string, signal: AbortSignal): Promise<StudyFile> {
  const found = findStudy(asked);
  const { path: source, copied } = await readableFile(found, "study", signal);
  return { path: found, source: copied ? source : found, folder: copied ? process.cwd() : path.dirname(found) };
}

function planJobs({ study, settings, text, calibrations, files, ready, on }: Asked, model: Model, results: string): CellJob[] {
  const known = Object.fromEntries(Object.entries(files).map(([field, file]) => [field, file.known]));
  const { release, key, backend } = on.build;
  const target = { release, build: key, threads: Number(on.threads), ...(backend !== "native" && { backend }), ...(on.device && { device: on.device.asked }) };
  return study.cells.map((cell) => {
    const training = cell.calibration && calibrations.get(cell.calibration.text);
    const quantized = ready.get(cell.name);
    const given = { model, text, ...(training && { training }), ...files, ...(quantized && { quantized }) };
    const steps = planCell({ cell, study, settings, gguf: model.gguf, files: known }, given, on);
    const job: Job = { format: 1, name: cell.name, results, target, steps };
    return { cell, job };
  });
}
