import path from "node:path";
import { z } from "zod";
import { totalCounts } from "../analysis/histogram.ts";
import { readJson } from "../json.ts";
import { demoModel } from "../paths.ts";
import type { Measured } from "../report/load.ts";
import type { Tally } from "./tally.ts";

const estimate = z.object({ ppl: z.number().positive() });
const schemeSchema = z.object({
  tensors: z.int(),
  zero_runs: z.array(z.int()).length(16),
  codes: z.array(z.int()),
  exact: estimate,
  published: estimate,
});
const expectedSchema = z.object({ f16: estimate, schemes: z.record(z.string(), schemeSchema) });

/** What the demo model must give: models/sotu-1m/expected.json, by cell name without `-published`. */
export interface Expected {
  f16: number;
  schemes: Map<string, z.infer<typeof schemeSchema>>;
}

/** Reads what the demo model must give. @throws {UserError} the file is missing or of another shape */
export async function readExpected(file = path.join(path.dirname(demoModel), "expected.json")): Promise<Expected> {
  const { f16, schemes } = await readJson(file, expectedSchema, "restore it with git");
  return { f16: f16.ppl, schemes: new Map(Object.entries(schemes).map(([name, numbers]) => [name.replaceAll(" own ", "-own-"), numbers])) };
}

/** How far a perplexity may lie from the emulation's, or as published from the fork's, as a share. */
function expectedTolerance(ppl: number, published: boolean): number {
  if (published) return ppl > 10_000 ? 0.1 : 0.01;
  return ppl > 1000 ? 0.05 : 0.005;
}

/**
 * Compares a cell with the figures expected of it. Codes and zero runs are counts and must be equal.
 *
 * @returns deviation of the perplexity as a share; null for a cell of which nothing is expected
 */
export function compareExpected(tally: Tally, expected: Expected, { cell, record }: Measured): number | null {
  const published = cell.decode !== "exact";
  const scheme = expected.schemes.get(cell.name.replace(/-published$/, ""));
  const wanted = cell.name === "f16" ? expected.f16 : published ? scheme?.published.ppl : scheme?.exact.ppl;
  if (wanted === undefined) return null;
  const deviation = record.perplexity.ppl / wanted - 1;
  const tolerance = expectedTolerance(wanted, published);
  if (Math.abs(deviation) <= tolerance) tally.held();
  else tally.regressed(`${cell.name}: perplexity ${record.perplexity.ppl}, expected ${wanted} within ${100 * tolerance} %`);
  if (!scheme) return deviation;

  const tensors = record.histogram?.tensors ?? [];
  const codes = totalCounts(tensors);
  const unequal = firstUnequal(scheme.codes, codes);
  if (tensors.length !== scheme.tensors) tally.regressed(`${cell.name}: ${tensors.length} tensors were counted, expected ${scheme.tensors}`);
  else if (unequal >= 0) tally.regressed(`${cell.name}: code index ${unequal} was counted ${codes[unequal]} times, expected ${scheme.codes[unequal]}`);
  else tally.held();
  const runs = record.histogram?.zeroRuns ?? [];
  const at = firstUnequal(scheme.zero_runs, runs);
  if (at >= 0) tally.regressed(`${cell.name}: ${runs[at]} zero runs of length ${at + 1}, expected ${scheme.zero_runs[at]}`);
  else tally.held();
  return deviation;
}

function firstUnequal(one: readonly number[], other: readonly number[]): number {
  return one.findIndex((value, index) => value !== other[index]);
}
