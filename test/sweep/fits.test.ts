import { setTimeout as wait } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import type { Target } from "../../harness/steps/step.ts";
import { readRates } from "../../harness/store/rates.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { fitCells, fitInputs, type FitImatrix } from "../../harness/sweep/fits.ts";
import { smallModel } from "../support/smallModel.ts";
import { paperTarget } from "../support/target.ts";
import { temporaryFolder } from "../support/temporary.ts";

const text = { name: "training.txt", path: "/nowhere/training.txt", sha256: "1".repeat(64), bytes: 1 };

async function keyOf(changes: Partial<FitImatrix>): Promise<string | undefined> {
  const file = await smallModel();
  const model = { name: "small", path: file, sha256: "0".repeat(64), bytes: 1, gguf: await readGguf(file) };
  const weighted: FitImatrix = { text, chunks: null, settings: { context: 512, batch: 2048, ubatch: 512 }, on: paperTarget(), ...changes };
  return fitInputs(model, weighted, () => undefined, new AbortController().signal).imatrix?.key;
}

it("the importance matrix of a fit is told from others by all that decides it", async () => {
  const key = await keyOf({});
  const same: Partial<FitImatrix>[] = [{ text: { ...text, name: "renamed.txt", path: "/elsewhere/renamed.txt" } }, { on: { ...paperTarget(), threads: "7" } }];
  for (const changes of same) expect(await keyOf(changes)).toBe(key);
  const build: Target = paperTarget([], { features: "x64" });
  const others: Partial<FitImatrix>[] = [{ settings: { context: 256, batch: 2048, ubatch: 512 } }, { chunks: 3 }, { on: build }, { text: { ...text, sha256: "2".repeat(64) } }];
  for (const changes of others) expect(await keyOf(changes)).not.toBe(key);
});

it("the time of a fit is remembered without what its importance matrix took", async () => {
  vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder());
  const { cells } = parseStudy("name: s\ncalibration: { text: demo }\ncells: [{ name: a, type: Q4_0, container: packed, encode: nearest, scale: search, table: { fit: { method: lloyd-max, weights: imatrix } } }]", "s.yaml", () => "");
  const gguf = await readGguf(await smallModel());
  const seconds = 0.5;
  const importance = async (): Promise<Map<string, Float32Array>> => wait(1000 * seconds, new Map());
  const start = performance.now();
  await fitCells(cells, new Set(["a"]), () => ({ model: { name: "small", sha256: "0".repeat(64), gguf }, imatrix: { source: { text: "t", sha256: "1".repeat(64), chunks: null }, key: "2".repeat(64), importance } }), () => undefined, new AbortController().signal);
  const rest = (performance.now() - start) / 1000 - seconds;
  const [fit, ...others] = await readRates();
  expect(others).toEqual([]);
  expect(fit!.of).toBe("fit");
  // A timer may be a little early.
  expect(fit!.seconds[0]).toBeLessThan(rest + 0.1);
});
