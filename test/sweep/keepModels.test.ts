import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import type { Job } from "../../harness/jobs/job.ts";
import type { Runner } from "../../harness/jobs/runner.ts";
import type { StepRecord } from "../../harness/store/record.ts";
import { resultsStore, writeRecord } from "../../harness/store/store.ts";
import { modelKeeper } from "../../harness/sweep/keepModels.ts";
import { fixtureResults, stepRecord } from "../report/fixture.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A cell that was measured: its records, and its job. */
function measuredCell(results: string, name: string, size: number): { job: Job; records: StepRecord[]; file: string } {
  const { steps } = fixtureResults().cells.find(({ cell }) => cell.name === "q4_0")!.record!;
  const { divergence, perplexity } = steps.get("evaluate")!.result as { divergence: { mean: number }; perplexity: object };
  const evaluation = { perplexity, divergence: { ...divergence, mean: size }, perplexitySeconds: 1, tokensPerSecond: 1 };
  const files = { quantized: { bytes: size, sha256: "c".repeat(64), kept: false } };
  const records = [stepRecord("quantize", name, { quantizeSeconds: 1 }, files), stepRecord("evaluate", name, evaluation)];
  const planned = records.map(({ key, inputs: { step } }) => ({ step, key, config: {}, inputs: {}, growing: null }));
  return { job: { format: 1, name, results, target: { release: "b1", build: "k", threads: 1 }, steps: planned } as unknown as Job, records, file: path.join(results, name) };
}

it("keeps the best of cells that end at once", async () => {
  const results = await temporaryFolder();
  const [worse, better] = [measuredCell(results, "worse", 100), measuredCell(results, "better", 50)];
  const end = async ({ records, file }: typeof worse): Promise<void> => {
    await writeFile(file, "model");
    for (const record of records) await writeRecord(resultsStore(results), record, {});
  };
  let arrived = (): void => undefined;
  const late = new Promise<void>((resolve) => (arrived = resolve));
  const runner = (file: string, wait: Promise<void>): Runner => ({ file: () => wait.then(() => file) }) as unknown as Runner;
  const { finish } = modelKeeper("best", [worse.job, better.job]);
  await end(worse);
  const first = finish!(worse.job, runner(worse.file, late));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await end(better);
  const second = finish!(better.job, runner(better.file, Promise.resolve()));
  setTimeout(arrived, 100);
  await Promise.all([first, second]);
  expect(await readdir(path.join(results, "models"))).toEqual(["better.gguf"]);
});
