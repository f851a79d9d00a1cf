import { rm } from "node:fs/promises";
import path from "node:path";
import { demoModel } from "../../paths.ts";
import { loadResults, measured, type Measured } from "../../report/load.ts";
import { selectCells } from "../../select.ts";
import { sweep } from "../../sweep/sweep.ts";
import { findStudy, loadStudy } from "../../study/find.ts";
import { compareExpected, readExpected } from "../expected.ts";
import { recognisedUpstream } from "../recognised.ts";
import { compareReference, makeReference, type Reference, readReference, writeReference } from "../reference.ts";
import { attempt, makeTally, type Tally } from "../tally.ts";
import type { Check, RegressContext } from "../types.ts";

/** Hooks on: the thesis's study gives the figures expected of it, and own files say what they are. */
export const schemes: Check = {
  name: "schemes",
  title: "Hooks on: the schemes give their expected codes, zero runs and perplexities; upstream's program shows what an own-coded file is.",
  targets: async () => ["llama-quantize", "llama-perplexity"],
  async run(context) {
    const tally = makeTally();
    const study = loadStudy(findStudy("thesis"));
    const wanted = new Set(selectCells(study.cells, context.cells).map(({ name }) => name));
    const cells = await runStudy(context, tally, wanted.size);
    const expected = await readExpected();
    const deviations = cells.map((cell) => compareExpected(tally, expected, cell)).filter((deviation) => deviation !== null);
    if (context.writeReference) await writeReference(makeReference(cells, context.release.tag));
    const reference = await attempt(readReference, context.signal);
    if ("fault" in reference) tally.undecided(reference.fault);
    else compareReference(tally, partOf(reference.value, context.cells === undefined ? null : wanted), cells, context.release.tag);
    await recognisedUpstream(context, tally);
    const largest = Math.max(0, ...deviations.map(Math.abs));
    return tally.outcome(`${cells.length} schemes, largest deviation of an expected perplexity ${(100 * largest).toFixed(2)} %`);
  },
};

function partOf(reference: Reference, wanted: ReadonlySet<string> | null): Reference {
  return wanted ? { ...reference, cells: reference.cells.filter(({ cell }) => wanted.has(cell)) } : reference;
}

/** Runs the thesis's study afresh; a cell that fails is a regression, its histogram is counted twice there. */
async function runStudy(context: RegressContext, tally: Tally, cells: number): Promise<Measured[]> {
  const out = path.join(context.folder, "thesis");
  await rm(out, { recursive: true, force: true });
  let done = 0;
  const result = await sweep(
    // Several cells with one thread each: threads of one program that wait for each other lose a busy machine's time.
    { study: "thesis", model: demoModel, out, threads: 1, jobs: context.threads, build: context.patched, ...(context.cells !== undefined && { only: context.cells }) },
    (event) => {
      if (event.kind === "done") done++;
      if (event.kind === "cell") context.report(`scheme ${event.name}: ${event.step}`, done / cells);
    },
    context.signal,
  );
  for (const { name, reason } of result.failed) tally.regressed(`${name}: ${reason}`);
  return measured(await loadResults(out));
}
