import { expect, it } from "vitest";
import { sotu } from "../../harness/report/thesisNumbers.ts";
import { thesisRows } from "../../harness/report/thesisTable.ts";
import { centred, tabled } from "../../harness/report/figures/schemes.ts";
import { figureData } from "../../harness/report/figures/data.ts";
import type { Results } from "../../harness/report/load.ts";
import { fixtureResults } from "./fixture.ts";

/** The fixture as results of the demo model on so much of its text. */
function onDemo(chunks: number | null): Results {
  const { plan, ...rest } = fixtureResults();
  return { ...rest, plan: { ...plan, model: { ...plan.model, sha256: sotu.model }, text: { ...plan.text, sha256: sotu.text }, parameters: { ...plan.parameters, chunks } } };
}

const oursOf = (results: Results, quantity: string): (number | null)[] =>
  thesisRows(results).flatMap(({ where, cell, quantity: of, ours }) => (where === sotu.where && of === quantity && cell === "q4_0-own-r0" ? [ours] : []));

it("holds numbers of the demo model against the demo model's, perplexities against those of all of its text", () => {
  expect(oursOf(onDemo(null), "perplexity")).toEqual([14.02]);
  expect(oursOf(onDemo(8), "perplexity")).toEqual([null]);
  expect(oursOf(onDemo(8), "isolated runs, %")).toEqual([expect.any(Number)]);
  expect(oursOf(fixtureResults(), "perplexity")).toEqual([null]);
  expect(oursOf(fixtureResults(), "isolated runs, %")).toEqual([null]);
});

it("gives no difference of speeds, which are of other machines and models", () => {
  const speeds = thesisRows(onDemo(null)).filter(({ quantity }) => quantity === "tokens per second");
  expect(speeds.map(({ ours, difference }) => [ours, difference])).toEqual(speeds.map(() => [expect.any(Number), null]));
});

it("takes for the thesis's schemes none whose codes were chosen otherwise", () => {
  const results = fixtureResults();
  const fed = results.cells.filter(({ cell }) => ["q4_0-own-r1", "q8_0-own-basic"].includes(cell.name)).map(({ cell, ...rest }) => ({ ...rest, cell: { ...cell, name: `${cell.name}-feedback`, feedback: { damping: 0.01, onlyByRule: false } } }));
  const data = figureData({ ...results, cells: [...fed, ...results.cells] });
  expect(centred(data, 1)!.name).toBe("q4_0-own-r1");
  expect(tabled(data, "basic")!.name).toBe("q8_0-own-basic");
});
