import os from "node:os";
import path from "node:path";
import { type Build, ensureBuild, targetsOf } from "../build/build.ts";
import type { FitInputs } from "../fit/cached.ts";
import { localExecutor } from "../executors/local.ts";
import { planCell } from "../jobs/chain.ts";
import type { Job } from "../jobs/job.ts";
import { ensureCache, projectRoot } from "../paths.ts";
import { selectCells } from "../select.ts";
import type { Settings } from "../steps/settings.ts";
import { fileFields } from "../steps/registry.ts";
import { thisTarget } from "../steps/target.ts";
import { writePlan } from "../store/plan.ts";
import { findStudy, loadStudy, type StudyFile } from "../study/find.ts";
import type { Cell, Study } from "../study/types.ts";
import { releaseNamed, type Release } from "../upstream/releases.ts";
import { askedModel, askedText } from "./asked.ts";
import { checkCalibrations } from "./calibrations.ts";
import type { Report } from "./events.ts";
import { fitCells, fitInputs } from "./fits.ts";
import { checkModel, checkResults, checkStepFiles, type Model } from "./inputs.ts";
import { refuseFewTokens, refuseUnloadable } from "./loadable.ts";
import { refuseUnmeasurable } from "./modelKind.ts";
import { makePlan, type Asked } from "./plan.ts";
import { refuseWithoutRoom } from "./room.ts";
import { runCells, type CellJob, type CellsEnded } from "./runCells.ts";
import { readableFile } from "./readableFile.ts";
import { refuseUnsupported } from "./supported.ts";
import { checkText } from "./textInput.ts";
import { tidyResults } from "./tidy.ts";

/** What a sweep shall do; everything but the study has a default. */
export interface SweepRequest {
  /** Path of a study, or the name of one in studies/. */
  study: string;
  /** Path, or the name of one in models/; the study's by default, else sotu-1m. */
  model?: string;
  /** Path, or the name of one that is known; the study's by default, else the demo models' held-out speeches. */
  text?: string;
  /** Calibration text, in place of the study's. */
  calibration?: string;
  chunks?: number;
  threads?: number;
  /** Names of cells, as `selectCells` takes them. */
  only?: string;
  /** results/STUDY-MODEL by default, or STUDY-MODEL-RELEASE when a release is named. */
  out?: string;
  /** Cells at a time, 1 by default: each uses all threads. */
  jobs?: number;
  /** Minutes after which a silent program is taken for one that hangs, ten by default; 0 for never. */
  stallLimit?: number;
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
  const studyFile = await findReadableStudy(request.study, signal);
  const asked = loadStudy(studyFile, fileFields);
  const { folder } = studyFile;
  const wanted = new Set(selectCells(asked.cells, request.only).map(({ name }) => name));
  const release = await releaseNamed(request.release);
  const supports: Build["supports"] = request.build?.supports ?? ((feature) => !release.lacks?.includes(feature));
  refuseUnsupported(request.build?.release ?? release.tag, supports, asked, asked.cells.filter(({ name }) => wanted.has(name)));
  const model = await checkModel(askedModel({ given: request.model, study: asked.model, folder }), signal);
  refuseUnmeasurable(model);
  const text = await checkText(await askedText({ given: request.text, study: asked.text, folder }), asked.context, signal);
  const results = path.resolve(request.out ?? path.join(projectRoot, "results", [asked.name, model.name, ...(request.release ? [release.tag] : [])].join("-")));
  await checkResults(results, model);
  const calibrations = await checkCalibrations({ study: asked, cells: asked.cells, folder, given: request.calibration }, text, signal);
  const files = await checkStepFiles(asked, studyFile, signal);
  const build = request.build ?? (await patchedBuild(release, asked.cells, report, signal));
  const asking = { build, report, signal };
  await refuseUnloadable(model, asking);
  const on = await thisTarget(build, request.threads ?? asked.threads ?? os.availableParallelism(), signal, request.stallLimit);
  const settings = settingsOf(asked, request);
  for (const one of [text, ...calibrations.values()]) await refuseFewTokens(model, one, settings, asking);
  const inputsOf = ({ calibration }: Cell): FitInputs => fitInputs(model, calibration ? { text: calibrations.get(calibration.text)!, chunks: calibration.chunks ?? null, settings, on } : null, report, signal);
  const study = { ...asked, cells: await fitCells(asked.cells, wanted, inputsOf, report, signal) };

  const shared: Asked = { study, studyPath: studyFile.path, model, text, settings, calibrations, files, on, argv: request.argv ?? [] };
  const jobs = planJobs(shared, model, results);
  await writePlan(results, makePlan(shared, jobs.map(({ cell, job }) => ({ cell, steps: job.steps }))));
  const chosen = jobs.filter(({ cell }) => wanted.has(cell.name));
  await tidyResults(results, jobs.flatMap(({ job }) => job.steps));
  await refuseWithoutRoom(chosen.map(({ job }) => job), { gguf: model.gguf, textBytes: text.bytes, results, atOnce: request.jobs ?? 1 });
  const ended = await runCells(chosen, localExecutor(on, request.jobs ?? 1), report, signal);
  return { results, ...ended };
}

/** Paths in a study that came through a pipe count from the working directory. */
async function findReadableStudy(asked: string, signal: AbortSignal): Promise<StudyFile> {
  const found = findStudy(asked);
  const { path: source, copied } = await readableFile(found, "study", signal);
  return { path: found, source: copied ? source : found, folder: copied ? process.cwd() : path.dirname(found) };
}

function planJobs({ study, settings, text, calibrations, files, on }: Asked, model: Model, results: string): CellJob[] {
  const known = Object.fromEntries(Object.entries(files).map(([field, file]) => [field, file.known]));
  const target = { release: on.build.release, build: on.build.key, threads: Number(on.threads) };
  return study.cells.map((cell) => {
    const training = cell.calibration && calibrations.get(cell.calibration.text);
    const given = { model, text, ...(training && { training }), ...files };
    const steps = planCell({ cell, study, settings, gguf: model.gguf, files: known }, given, on);
    const job: Job = { format: 1, name: cell.name, results, target, steps };
    return { cell, job };
  });
}

async function patchedBuild(release: Release, cells: readonly Cell[], report: Report, signal: AbortSignal): Promise<Build> {
  return ensureBuild("patched", {
    release,
    targets: targetsOf(cells.some(({ feedback }) => feedback)),
    report: (text, fraction) => report({ kind: "build", text, fraction }),
    signal,
  });
}

function settingsOf(study: Study, { chunks }: SweepRequest): Settings {
  return { context: study.context, batch: study.batch, ubatch: study.ubatch, chunks: chunks ?? study.chunks ?? null };
}
