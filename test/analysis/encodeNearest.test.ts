import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { encodeQ8 } from "../../harness/analysis/encode.ts";
import type { Encoded } from "../../harness/analysis/encode.ts";
import { encodeNearest } from "./encodeNearest.ts";
import { gaussianValues } from "../../harness/analysis/gaussian.ts";
import { halfToFloat } from "../../harness/analysis/half.ts";
import { balancedTable } from "../../harness/analysis/tables.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { demoModel } from "../../harness/paths.ts";
import { allValues } from "../gguf/demo.ts";
import { packSignedNibbles } from "./pack.ts";
import { throughTable } from "./schemes.ts";

const { values } = balancedTable;

/** SHA-256 of output.weight of the demo model as the C library packs it, balanced table, on x86 without fused operations. */
const libraryHashes = {
  absmax: "dabd26e87c276e6e34fe479d4b1349112c598ef535cce04580f278222e791d08",
  search: "c883048a00ad779aa84df1b7803234cf2b5e500b937f2bce11dce5bee9f85a9c",
};

test.each(["absmax", "search"] as const)("scale %s: byte for byte as the C library", async (scale) => {
  const model = await readGguf(demoModel);
  const weights = await allValues(model, model.tensors.find(({ name }) => name === "output.weight")!);
  expect(createHash("sha256").update(packSignedNibbles(encodeNearest(weights, values, { scale }))).digest("hex")).toBe(libraryHashes[scale]);
});

function error(weights: Float32Array, { scales, codes }: Encoded, importance: (index: number) => number = () => 1): number {
  return weights.reduce((sum, weight, index) => sum + importance(index) * (weight - halfToFloat(scales[index >> 5]!) * values[codes[index]! + 8]!) ** 2, 0);
}

test("no single other code is nearer, and searching the scale and nearest codes each pay", () => {
  const weights = gaussianValues(32 * 200, 4, 0.02);
  const nearest = encodeNearest(weights, values, { scale: "absmax" });
  nearest.codes.forEach((code, index) => {
    const distance = (other: number): number => Math.abs(weights[index]! - halfToFloat(nearest.scales[index >> 5]!) * values[other + 8]!);
    for (let other = -8; other < 8; other++) expect(distance(other)).toBeGreaterThanOrEqual(distance(code) - 1e-9);
  });
  const bins = error(weights, throughTable(encodeQ8(weights), balancedTable));
  const searched = error(weights, encodeNearest(weights, values, { scale: "search" }));
  expect(error(weights, nearest)).toBeLessThan(bins);
  expect(searched).toBeLessThan(0.9 * error(weights, nearest));
});

test("importance moves the error to where it does not matter", () => {
  const weights = gaussianValues(32 * 400, 6, 1);
  const importance = Float32Array.from({ length: 64 }, (_, index) => (index % 2 ? 100 : 1));
  const judged = (encoded: Encoded): number => error(weights, encoded, (index) => importance[index % 64]!);
  const informed = encodeNearest(weights, values, { scale: "search", importance, rowWeights: 64 });
  expect(judged(informed)).toBeLessThan(judged(encodeNearest(weights, values, { scale: "search" })));
});

test("an all-zero block has scale zero and decodes to zero", () => {
  const { scales, codes } = encodeNearest(new Float32Array(32), values, { scale: "search" });
  expect(scales[0]).toBe(0);
  expect(error(new Float32Array(32), { scales, codes })).toBe(0);
});
