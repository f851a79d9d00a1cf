import os from "node:os";
import path from "node:path";
import { askedBackend } from "../build/askedBackend.ts";
import type { BackendName } from "../build/backends.ts";
import type { Build } from "../build/build.ts";
import { backendFlavour } from "../build/flavour.ts";
import { UserError } from "../errors.ts";
import { areOfOtherKind } from "../executors/slurm/probe.ts";
import { projectRoot } from "../paths.ts";
import { hasOwnDevices, refuseDevice } from "../steps/devices.ts";
import { fileFields } from "../steps/registry.ts";
import type { Settings } from "../steps/settings.ts";
import { findStudy, loadStudy, type StudyFile } from "../study/find.ts";
import type { Study } from "../study/types.ts";
import { releaseNamed, type Release } from "../upstream/releases.ts";
import { askedModel, askedText } from "./asked.ts";
import { checkCalibrations } from "./calibrations.ts";
import type { Report } from "./events.ts";
import { type GivenImportance, givenImportance } from "./givenImportance.ts";
import { checkModel, checkStepFiles, type Content, type Model } from "./inputs.ts";
import { refuseUnmeasurable } from "./modelKind.ts";
import { readableFile } from "./readableFile.ts";
import { readyFiles, refuseOtherVocabulary } from "./readyFiles.ts";
import type { SweepRequest } from "./request.ts";
import { refuseUnsupported } from "./supported.ts";
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
  prepare: "here" | "nodes";
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

/** A sweep, and who hears of it. */
export interface SweepContext {
  inputs: Inputs;
  request: SweepRequest;
  report: Report;
  /** Stops it. */
  signal: AbortSignal;
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
  const prepare = placeOfPreparation(request, study, backend, results);
  for (const file of ready.values()) refuseOtherVocabulary(file, model);
  const text = await checkText(await askedText({ given: request.text, study: study.text, folder }, fetching), study.context, signal);
  await checkFolder(results, model);
  const calibrations = await checkCalibrations({ study, cells: study.cells, folder, given: request.calibration }, text, fetching);
  const chosen = study.cells.filter(({ name }) => wanted.has(name));
  const imatrix = request.imatrix === undefined ? null : await givenImportance(request.imatrix, { model, cells: chosen, readsGguf: supports("imatrix") }, report, signal);
  const files = { ...(await checkStepFiles(study, studyFile, fetching)), ...(imatrix && { imatrix }) };
  return {
    study, studyPath: studyFile.path, wanted, release, backend, prepare, devices, model, text, calibrations, imatrix, files, ready, results,
    settings: { context: study.context, batch: study.batch, ubatch: study.ubatch, chunks: request.chunks ?? study.chunks ?? null },
    threads: request.threads ?? study.threads ?? (request.slurm && slurmSettings(request.slurm, study.slurm).cpus) ?? os.availableParallelism(),
  };
}

/** Nodes make ready what runs on their devices, and what they have refused before since they are of another kind; unless it is said where. */
function placeOfPreparation({ slurm }: Pick<SweepRequest, "slurm">, study: Study, backend: BackendName, results: string): Inputs["prepare"] {
  if (!slurm) return "here";
  return slurmSettings(slurm, study.slurm).prepare ?? (hasOwnDevices(backend) || areOfOtherKind(results) ? "nodes" : "here");
}

function askedDevices({ device, devices }: SweepRequest, { device: ofStudy }: Study): string[] {
  if (device !== undefined && devices !== undefined) throw new UserError("--device and --devices were given; give one of them");
  if (devices !== undefined) return [...devices];
  const one = device ?? ofStudy;
  return one === undefined ? [] : [one];
}

/** Paths in a study that came through a pipe count from the working directory. */
async function findReadableStudy(asked: string, signal: AbortSignal): Promise<StudyFile> {
  const found = findStudy(asked);
  const { path: source, copied } = await readableFile(found, "study", signal);
  return { path: found, source: copied ? source : found, folder: copied ? process.cwd() : path.dirname(found) };
}
