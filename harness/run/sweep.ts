import { rm, rmdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import PQueue from "p-queue";
import { type Build, ensureBuild } from "../build/build.ts";
import { demoModel, projectRoot } from "../paths.ts";
import { withStoreLock } from "../store/lock.ts";
import { type Plan, writePlan } from "../store/plan.ts";
import { readRecord } from "../store/store.ts";
import { ensureDemoText, ensureDemoTrainingText } from "./demoText.ts";
import { findStudy } from "../study/find.ts";
import { loadStudy } from "../study/load.ts";
import { releaseNamed, type Release } from "../upstream/releases.ts";
import type { Cell, Study } from "../study/types.ts";
import { type CellContext, runCell, temporaryFolder } from "./cell.ts";
import type { Report, SweepEvent } from "./events.ts";
import { fitCells } from "./fits.ts";
import { prepareImatrix } from "./imatrix.ts";
import { checkModel, checkResults, checkText, type Content } from "./inputs.ts";
import { refuseLacking } from "./lacks.ts";
import { prepareLogits } from "./logits.ts";
import { selectCells } from "../select.ts";
import { TextTooShort } from "./perplexity.ts";
import { makePlan } from "./plan.ts";
import { reasonOf } from "./reason.ts";

/** What a sweep shall do; everything but the study has a default. */
export interface SweepRequest {
  /** Path of a study, or the name of one in studies/. */
  study: string;
  /** The demo model by default. */
  model?: string;
  /** The demo model's held-out text by default. */
  text?: string;
  /** Training text for the importance matrix; the study's by default. */
  imatrixText?: string;
  chunks?: number;
  threads?: number;
  /** Names of cells, as `selectCells` takes them. */
  only?: string;
  /** results/STUDY-MODEL by default, or STUDY-MODEL-RELEASE when a release is named. */
  out?: string;
  /** Cells at a time, 1 by default: each uses all threads. */
  jobs?: number;
  /** Tag of the release of llama.cpp to use; the pin by default. */
  release?: string;
  /** Binaries to use; the patched build by default. */
  build?: Build;
  /** The command line, for the manifest. */
  argv?: readonly string[];
}

/** How a sweep ended. */
export interface SweepResult {
  results: string;
  computed: string[];
  stored: string[];
  failed: { name: string; reason: string }[];
}

/**
 * Run a study: every cell that has no valid record under these parameters is quantized, inspected,
 * measured and recorded. A failed cell does not stop the others.
 *
 * @param signal stops the sweep: children are ended, the cells under way leave nothing
 * @throws UserError before anything runs when an input is at fault; AbortError when `signal` fires
 */
export async function sweep(request: SweepRequest, report: Report, signal: AbortSignal): Promise<SweepResult> {
  const studyPath = findStudy(request.study);
  const asked = loadStudy(studyPath);
  const wanted = new Set(selectCells(asked.cells, request.only).map(({ name }) => name));
  const release = await releaseNamed(request.release);
  const { release: tag, lacks = [] } = request.build ?? { release: release.tag, lacks: release.lacks };
  refuseLacking(tag, lacks, asked, asked.cells.filter(({ name }) => wanted.has(name)));
  const model = await checkModel(request.model ?? demoModel, signal);
  const text = await checkText(request.text ?? (await ensureDemoText()), asked.context, signal);
  const results = path.resolve(request.out ?? path.join(projectRoot, "results", [asked.name, model.name, ...(request.release ? [release.tag] : [])].join("-")));
  await checkResults(results, asked.name, model);
  const imatrixText = await imatrixContent(asked, studyPath, request, signal);
  const build = request.build ?? (await patchedBuild(release, report, signal));
  const settings = settingsOf(asked, request);
  const shared = { build, model, text, settings };
  const imatrix = imatrixText && prepareImatrix({ build, model, text: imatrixText, measuredText: text, chunks: asked.imatrix?.chunks ?? null, settings }, report, signal);
  const logits = asked.kl_divergence ? prepareLogits(shared, report, signal) : null;
  const study = { ...asked, cells: await fitCells(asked.cells, wanted, { model, imatrix }, report, signal) };
  const selected = study.cells.filter(({ name }) => wanted.has(name));
  const context: CellContext = { results, ...shared, imatrix, logits };
  const onWait = (): void => report({ kind: "note", text: `waiting: another sweep is writing to ${results}` });
  return withStoreLock(
    results,
    async (held) => {
      await rm(temporaryFolder(results), { recursive: true, force: true });
      try {
        const plan = makePlan(study, studyPath, context, request.argv ?? []);
        await writePlan(results, plan);
        return await runCells(selected, plan, context, request.jobs ?? 1, report, held);
      } finally {
        // Only when empty: when the lock was lost, another sweep may be at work in it.
        await rmdir(temporaryFolder(results)).catch(() => undefined);
      }
    },
    { signal, onWait },
  );
}

async function patchedBuild(release: Release, report: Report, signal: AbortSignal): Promise<Build> {
  return ensureBuild("patched", {
    release,
    targets: ["llama-quantize", "llama-perplexity", "llama-imatrix"],
    report: (text, fraction) => report({ kind: "build", text, fraction }),
    signal,
  });
}

async function runCells(
  cells: readonly Cell[],
  plan: Plan,
  context: CellContext,
  jobs: number,
  report: Report,
  signal: AbortSignal,
): Promise<SweepResult> {
  const keys = new Map(plan.cells.map(({ key, cell }) => [cell.name, key]));
  const stored = new Set<string>();
  for (const { name } of cells) {
    if (await readRecord(context.results, keys.get(name) ?? "")) stored.add(name);
  }
  report({ kind: "plan", cells: cells.map(({ name }) => ({ name, stored: stored.has(name) })) });
  const result: SweepResult = { results: context.results, computed: [], stored: [...stored], failed: [] };
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const queue = new PQueue({ concurrency: jobs });
  const one = async (cell: Cell, index: number): Promise<void> => {
    both.throwIfAborted();
    const { name } = cell;
    const position = `${index + 1} of ${cells.length}`;
    const done = (outcome: (SweepEvent & { kind: "done" })["outcome"], text: string): void =>
      report({ kind: "done", name, position, outcome, text });
    if (stored.has(name)) return done("stored", "already stored");
    try {
      const record = await runCell(cell, context, (step, text, fraction) => {
        report({ kind: "cell", name, position, step, text, fraction });
      }, both);
      result.computed.push(name);
      const { ppl, error, chunks } = record.perplexity;
      done("computed", `perplexity ${ppl} ± ${error}, ${chunks.length} chunks`);
    } catch (error) {
      if (both.aborted || error instanceof TextTooShort || (error as Error).name === "AbortError") throw error;
      result.failed.push({ name, reason: reasonOf(error) });
      done("failed", reasonOf(error));
    }
  };
  const work = cells.map((cell, index) => queue.add(() => one(cell, index)));
  try {
    await Promise.all(work);
  } catch (error) {
    // Cells under way must be gone before their folder is.
    stop.abort();
    await Promise.allSettled(work);
    throw signal.aborted ? signal.reason : error;
  }
  return result;
}

/** The training text that the study's importance matrix is computed on; null when it has none. */
async function imatrixContent(study: Study, studyPath: string, { imatrixText }: SweepRequest, signal: AbortSignal): Promise<Content | null> {
  if (!study.imatrix) return null;
  const { text } = study.imatrix;
  const file = imatrixText ?? (text === "demo" ? await ensureDemoTrainingText() : path.resolve(path.dirname(studyPath), text));
  return checkText(file, study.context, signal);
}

function settingsOf(study: Study, { chunks, threads }: SweepRequest): CellContext["settings"] {
  return {
    context: study.context,
    batch: study.batch,
    ubatch: study.ubatch,
    threads: threads ?? study.threads ?? os.availableParallelism(),
    chunks: chunks ?? study.chunks ?? null,
  };
}
