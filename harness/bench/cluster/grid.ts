import { readGguf } from "../../gguf/read.ts";
import { planCell } from "../../jobs/chain.ts";
import type { Job } from "../../jobs/job.ts";
import { oneOfEqual } from "../../jobs/oneOfEqual.ts";
import { demoModel } from "../../paths.ts";
import type { Target } from "../../steps/step.ts";
import { contentHash } from "../../store/contentHash.ts";
import { parseStudy } from "../../study/parse.ts";
import type { CellJob } from "../../sweep/runCells.ts";
import { ensureDemoText } from "../../sweep/knownTexts.ts";
import { storedStudy } from "../harness/storedStudy.ts";

/**
 * Cells of the demo model that differ in some entries of a table; half of them want an importance matrix, all the model's own
 * predictions.
 */
export async function gridOf(count: number, results: string, on: Target): Promise<CellJob[]> {
  const study = { ...parseStudy(storedStudy(1), "grid", () => ""), kl_divergence: true, calibration: { text: "demo" } };
  const [first] = study.cells;
  const file = async (name: string): Promise<{ path: string; sha256: string }> => ({ path: name, sha256: await contentHash(name) });
  const text = await file(await ensureDemoText());
  const given = { model: await file(demoModel), text, training: text };
  const gguf = await readGguf(demoModel);
  const settings = { context: study.context, batch: study.batch, ubatch: study.ubatch, chunks: 2 };
  const target = { release: on.build.release, build: on.build.key, threads: Number(on.threads) };
  const table = first!.table!;
  const one = oneOfEqual();
  return Array.from({ length: count }, (_, index) => {
    const values = table.values.map((value, place) => value + (place === 0 ? 0 : Math.floor(index / 10 ** (place - 1)) % 10));
    const cell = { ...first!, name: `cell-${index}`, imatrix: index % 2 === 1, table: { ...table, values } };
    const job: Job = { format: 1, name: cell.name, results, target, steps: planCell({ cell, study, settings, gguf, files: {} }, given, on, one) };
    return { cell, job };
  });
}
