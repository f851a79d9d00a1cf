import { beforeEach, expect, it, vi } from "vitest";
import { cachedFit, type FitInputs, keptFit } from "../../harness/fit/cached.ts";
import type { FittedFile } from "../../harness/fit/file.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import type { FitRequest } from "../../harness/study/types.ts";
import { smallModel } from "../support/smallModel.ts";
import { temporaryFolder } from "../support/temporary.ts";

beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder()));

const request: FitRequest = { method: "lloyd-max", per: "model", weights: "imatrix", scale: "absmax" };
const sha256 = "0".repeat(64);
const [one, other] = ["1".repeat(64), "2".repeat(64)];

async function inputs(key: string, text = "text.txt"): Promise<FitInputs & { read: () => number }> {
  const gguf = await readGguf(await smallModel());
  const importance = vi.fn(async () => new Map<string, Float32Array>());
  return { model: { name: "small", sha256, gguf }, imatrix: { source: { text, sha256, chunks: null }, key, importance }, read: () => importance.mock.calls.length };
}

async function fit(of: FitInputs): Promise<FittedFile> {
  return cachedFit(request, of, () => undefined, new AbortController().signal);
}

it("a table is fitted once for an importance matrix, and again for one by other settings or another build", async () => {
  const [first, again, others] = [await inputs(one), await inputs(one, "renamed.txt"), await inputs(other)];
  const fitted = await fit(first);
  expect(first.read()).toBe(1);
  expect(await fit(again)).toEqual({ ...fitted, provenance: { ...fitted.provenance, imatrix: { text: "renamed.txt", sha256, chunks: null } } });
  expect(again.read()).toBe(0);
  expect(await keptFit(request, others)).toBeNull();
  await fit(others);
  expect(others.read()).toBe(1);
});
