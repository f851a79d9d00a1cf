import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "csv-parse/sync";
import { beforeAll, expect, it } from "vitest";
import { ensureBuild } from "../../harness/build/build.ts";
import { projectRoot } from "../../harness/paths.ts";
import { loadResults } from "../../harness/report/load.ts";
import { writeReports } from "../../harness/report/reports.ts";
import { sweep } from "../../harness/sweep/sweep.ts";
import { lastingTemporaryFolder, temporaryFolder } from "../support/temporary.ts";

const never = new AbortController().signal;
const data = path.join(projectRoot, "test", "data", "tasks");

beforeAll(async () => void (await ensureBuild("patched")));

async function study(...lines: string[]): Promise<string> {
  const file = path.join(await temporaryFolder(), "tasks.yaml");
  await writeFile(file, ["name: tasks", "chunks: 2", ...lines, "cells: [{ name: f16, type: F16 }, { name: own-r2, type: Q4_0, radius: 2 }]", ""].join("\n"));
  return file;
}

it("accuracy on the tasks that a study names has its error, their number, and is paired with the original's", async () => {
  const out = await lastingTemporaryFolder();
  const request = { out, study: await study(`hellaswag: ${data}/hellaswag.txt`, `winogrande: ${data}/winogrande.csv`) };
  expect((await sweep(request, () => undefined, never)).failed).toEqual([]);
  await writeReports(await loadResults(out));
  const [original, quantized] = parse(await readFile(path.join(out, "cells.csv"), "utf8"), { columns: true, cast: true }) as Record<string, number>[];
  for (const mode of ["hellaswag", "winogrande"]) {
    expect(original![`${mode}_tasks`]).toBe(36);
    expect(original![`${mode}_mcnemar_p`]).toBe(1);
    const difference = quantized![`${mode}_percent`]! - original![`${mode}_percent`]!;
    expect(quantized![`${mode}_difference`]).toBeCloseTo(difference, 3);
    expect(quantized![`${mode}_mcnemar_p`]! < 1).toBe(difference !== 0);
    expect(quantized![`${mode}_error`]).toBeGreaterThan(0);
  }
  // Without the tasks every other step is there already; with one kind less, what is there stays.
  expect((await sweep({ out, study: await study() }, () => undefined, never)).computed).toEqual([]);
});

it("a file of tasks that is none is refused before anything runs, by name and line", async () => {
  const out = await temporaryFolder();
  const broken = path.join(await temporaryFolder(), "broken.txt");
  await writeFile(broken, "context\n7\na\nb\nc\nd\n");
  const refused = sweep({ out, study: await study(`hellaswag: ${broken}`) }, () => expect.fail("something ran"), never);
  await expect(refused).rejects.toThrow(/\.txt, line 2 is "7", where the number of the right ending belongs, 0 to 3/);
  await expect(sweep({ out, study: await study("winogrande: nowhere.csv") }, () => undefined, never)).rejects.toThrow(/winogrande nowhere\.csv cannot be read/);
});
