import { readFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuild } from "../../harness/build/build.ts";
import { readImportance } from "../../harness/fit/imatrix.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { hashFile } from "../../harness/hash.ts";
import { projectRoot } from "../../harness/paths.ts";
import { runSteps, type Ran } from "../support/runSteps.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";

// Keys say nothing of threads (harness/steps/key.ts), on the ground that nothing that a step gives depends on their number.

const study = `name: threads
kl_divergence: true
imatrix: { text: demo, chunks: 3 }
chunks: 6
cells:
  - { name: f16, type: F16 }
  - { name: q4_0-own-r1, type: Q4_0, radius: 1 }
  - { name: q8_0-own-published, type: Q8_0, table: balanced, decode: published }
  - { name: packed, type: Q4_0, container: packed, table: balanced, encode: nearest, scale: search, imatrix: true }
  - { name: iq4_nl, type: IQ4_NL, imatrix: true }
  - { name: q6_k, type: Q6_K }
`;

let folder = "";
/** By number of threads, what each cell's steps made. */
const runs = new Map<number, Map<string, Ran[]>>();
const counts = [1, 2, 3];
beforeAll(async () => {
  const build = await ensureBuild("patched");
  folder = await lastingTemporaryFolder();
  const only = ["imatrix", "reference", "quantize", "evaluate"];
  for (const threads of counts) runs.set(threads, await runSteps({ study, build, threads, only, folder: path.join(folder, String(threads)) }));
});

/** What the runs with each number of threads have of a step, cell by cell. */
async function ofStep<T>(step: string, what: (ran: Ran) => Promise<T>): Promise<Record<string, T>[]> {
  return Promise.all(counts.map(async (threads) => {
    const found = [...runs.get(threads)!].flatMap(([cell, steps]) => steps.filter((ran) => ran.step === step).map((ran) => [cell, ran] as const));
    return Object.fromEntries(await Promise.all(found.map(async ([cell, ran]) => [cell, await what(ran)] as const)));
  }));
}

function expectTheSame(found: Record<string, unknown>[], cells: number): void {
  expect(Object.keys(found[0]!)).toHaveLength(cells);
  for (const other of found.slice(1)) expect(other).toEqual(found[0]);
}

describe("whatever the number of threads, the same are", () => {
  it("the bytes of a quantized file, and the codes that were counted", async () => {
    expectTheSame(await ofStep("quantize", async ({ large, kept }) => [await hashFile(large["quantized"]!), kept["histogram"] ? await readFile(kept["histogram"], "utf8") : null]), 5);
  });

  it("the frames of an evaluation", async () => expectTheSame(await ofStep("evaluate", ({ growing }) => hashFile(growing)), 6));

  it("the model's own predictions", async () => expectTheSame(await ofStep("reference", ({ kept }) => hashFile(kept["reference"]!)), 6));

  it("an importance matrix, wherever its text lies", async () => {
    expectTheSame(await ofStep("imatrix", ({ kept }) => readImportance(kept["imatrix"]!)), 2);
    expectTheSame(await ofStep("imatrix", ({ kept }) => hashFile(kept["imatrix"]!)), 2);
    const datasets = await ofStep("imatrix", async ({ kept }) => (await readGguf(kept["imatrix"]!)).metadata.get("imatrix.datasets"));
    expect(datasets[0]!["iq4_nl"]).toEqual(["training"]);
  });
});

it("every scheme of the thesis has the same codes with 1, 2 and 7 threads", async () => {
  const [build, thesis] = [await ensureBuild("patched"), await readFile(path.join(projectRoot, "studies", "thesis.yaml"), "utf8")];
  const counted = [];
  for (const threads of [1, 2, 7]) {
    const cells = await runSteps({ study: thesis, build, threads, only: ["quantize", "count"], folder: path.join(folder, `thesis-${threads}`) });
    counted.push([...cells].map(([cell, steps]) => [cell, steps.map(({ record }) => ({ ...record.result, quantizeSeconds: 0 }))]));
  }
  expect(counted[0]).toHaveLength(18);
  expect(counted[1]).toEqual(counted[0]);
  expect(counted[2]).toEqual(counted[0]);
});
