import { describe, expect, it } from "vitest";
import { type Comparison, compareResults, comparisonSheet, comparisonText } from "../../harness/report/compare.ts";
import { cellRecord } from "../../harness/report/cellRecord.ts";
import type { Results } from "../../harness/report/load.ts";
import { fixtureResults, stepRecord } from "./fixture.ts";

/** The same study again, where one cell became worse and another is missing, on another machine. */
function changed(): Results {
  const { plan, cells, folder } = fixtureResults();
  return {
    folder,
    plan: { ...plan, build: { ...plan.build, release: "b1" }, parameters: { ...plan.parameters, threads: 8 } },
    cells: cells
      .filter(({ cell }) => cell.name !== "iq4_nl")
      .map((result) => {
        if (result.cell.name !== "q4_0") return result;
        const { perplexity, divergence, perplexitySeconds, tokensPerSecond } = result.record!;
        const worse = { ...perplexity, ppl: 1.1 * perplexity.ppl, chunks: perplexity.chunks.map((nll) => nll + Math.log(1.1)) };
        const steps = new Map(result.record!.steps).set("evaluate", stepRecord("evaluate", "q4_0", { perplexity: worse, divergence, perplexitySeconds, tokensPerSecond }));
        return { ...result, record: { ...cellRecord(steps, new Map()), conf: "0 0 0\n" } };
      }),
  };
}

const rowOf = (comparison: Comparison, name: string): Record<string, string | number | null> => {
  const { columns, rows } = comparisonSheet(comparison);
  return Object.fromEntries(rows.find(([cell]) => cell === name)!.map((value, index) => [columns[index]!, value]));
};

describe("compare", () => {
  it("finds nothing between results and themselves", () => {
    const comparison = compareResults(fixtureResults(), fixtureResults());
    expect(comparison.settings).toEqual([]);
    expect(comparisonText(comparison)).toMatch(/^settings: the same/);
    for (const { name } of comparison.pairs) expect(rowOf(comparison, name)).toMatchObject({ status: "both", ppl_difference_percent: 0, conf_differs: "false" });
  });

  it("has the columns that it had from the first", () => {
    expect(comparisonSheet(compareResults(fixtureResults(), fixtureResults())).columns.join()).toBe(
      "cell,status,conf_differs,bpw_file_a,bpw_file_b,bpw_quantized_a,bpw_quantized_b,ppl_a,ppl_b,ppl_difference_percent,ppl_ratio_low,ppl_ratio_high,kld_a,kld_b,entropy_a,entropy_b,tokens_per_s_a,tokens_per_s_b",
    );
    expect(comparisonText(compareResults(fixtureResults(), changed())).split("\n")).toContainEqual(expect.stringMatching(/^cell +quantized bits A +quantized bits B +PPL A +PPL B +B\/A, % +low +high +KLD A +KLD B$/));
  });

  it("names the settings that differ, and only those", () => {
    expect(compareResults(fixtureResults(), changed()).settings).toEqual([["build.release", "b0", "b1"], ["parameters.threads", "1", "8"]]);
  });

  it("gives the ratio of perplexities with its interval", () => {
    const row = rowOf(compareResults(fixtureResults(), changed()), "q4_0");
    expect(row["ppl_difference_percent"]).toBeCloseTo(10, 3);
    expect(row["ppl_ratio_low"]).toBeCloseTo(1.1, 5);
    expect(row["ppl_ratio_high"]).toBeCloseTo(1.1, 5);
    expect(row["conf_differs"]).toBe("true");
  });

  it("gives no interval where the texts differ", () => {
    const other = fixtureResults();
    const text = { ...other.plan.text, sha256: "f".repeat(64) };
    expect(rowOf(compareResults(fixtureResults(), { ...other, plan: { ...other.plan, text } }), "q4_0")).toMatchObject({ ppl_difference_percent: 0, ppl_ratio_low: null });
  });

  it("says in place of an interval how far chunks moved, where devices differ", () => {
    const other = changed();
    const device = { names: ["CUDA0"], line: "a card", driver: "1", memoryBytes: 1 };
    const features = fixtureResults().plan.build.features;
    const comparison = compareResults(fixtureResults(), { ...other, plan: { ...other.plan, device, build: { ...other.plan.build, features: `${features} amx_tile` } } });
    expect(rowOf(comparison, "q4_0")).toMatchObject({ ppl_ratio_low: null, nll_largest_difference: 0.09531 });
    expect(rowOf(comparison, "iq4_nl")).toMatchObject({ nll_largest_difference: null });
    const text = comparisonText(comparison);
    expect(text).toMatch(/^ {2}build\.features +… +… amx_tile$/m);
    expect(text).toMatch(/^cell .* largest chunk Δ, nats$/m);
  });

  it("gives no difference of perplexities of as many chunks as the other does not have", () => {
    const { cells, ...rest } = fixtureResults();
    const fewer = cells.map((result) => ({ ...result, record: result.record && { ...result.record, perplexity: { ...result.record.perplexity, chunks: result.record.perplexity.chunks.slice(1) } } }));
    expect(rowOf(compareResults(fixtureResults(), { ...rest, cells: fewer }), "q4_0")).toMatchObject({ ppl_a: 14.02, ppl_b: 14.02, ppl_difference_percent: null, ppl_ratio_low: null });
  });

  it("lists a cell that only one has", () => {
    const comparison = compareResults(fixtureResults(), changed());
    expect(rowOf(comparison, "iq4_nl")).toMatchObject({ status: "only in A", ppl_a: 13.93, ppl_b: null });
    expect(rowOf(compareResults(changed(), fixtureResults()), "iq4_nl")).toMatchObject({ status: "only in B" });
    expect(comparisonText(comparison)).toMatch(/^ {2}build\.release +b0 +b1$/m);
    expect(comparisonText(comparison)).toMatch(/^iq4_nl .*only in A$/m);
  });
});
