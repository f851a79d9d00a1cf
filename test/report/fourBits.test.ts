import { describe, expect, it } from "vitest";
import { testTable } from "../../harness/report/answerTables.ts";
import { cellTable } from "../../harness/report/cellTables.ts";
import { figureData } from "../../harness/report/figures/data.ts";
import { kindOf } from "../../harness/report/figures/perplexity.ts";
import { fourBitCells, fourBitTable } from "../../harness/report/fourBits.ts";
import { feedbackAnswer } from "../../harness/report/html/feedbackAnswer.ts";
import { fourBitsSection } from "../../harness/report/html/fourBits.ts";
import type { Results } from "../../harness/report/load.ts";
import { fixtureResults } from "./fixture.ts";

/** The fixture's cells, with some of them given feedback and another divergence. */
function results(fed: readonly string[], factor: number): Results {
  const { cells, ...rest } = fixtureResults();
  return {
    ...rest,
    cells: cells.map((result) => {
      const divergence = result.record?.divergence;
      if (!fed.includes(result.cell.name) || !divergence) return result;
      const chunks = divergence.chunks.map((value) => factor * value);
      return {
        ...result,
        cell: { ...result.cell, feedback: { damping: 0.01, onlyByRule: false }, calibration: { text: "speeches" } },
        record: { ...result.record!, divergence: { ...divergence, mean: factor * divergence.mean, chunks } },
      };
    }),
  };
}

describe("cells of four to five bits", () => {
  it("are those, the best first, against the best that upstream makes", () => {
    const cells = fourBitCells(fixtureResults());
    expect(cells.length).toBeGreaterThan(2);
    expect(cells.map(({ kld }) => kld)).toEqual(cells.map(({ kld }) => kld).sort((left, right) => left - right));
    for (const { one, bits, rivals } of cells) {
      expect(bits).toBeGreaterThanOrEqual(4);
      expect(bits).toBeLessThanOrEqual(5.05);
      expect(one.cell.type).not.toBe("F16");
      expect(rivals.IQ4_NL?.cell.type ?? "IQ4_NL").toBe("IQ4_NL");
    }
    const { columns, rows } = fourBitTable.sheet(fixtureResults());
    const rival = cells[0]!.rivals.IQ4_NL!.cell.name;
    const ofRival = rows.find(([name]) => name === rival)!;
    expect(ofRival[columns.indexOf("iq4_nl_difference")]).toBeNull();
    const other = rows.find(([name]) => name !== rival)!;
    expect(Number(other[columns.indexOf("iq4_nl_z")]!) * Number(other[columns.indexOf("iq4_nl_difference")]!)).toBeGreaterThan(0);
  });

  it("with feedback are no rivals of themselves, and say what their codes were chosen by", () => {
    const fed = results(["iq4_nl"], 0.5);
    expect(fourBitCells(fed).every(({ rivals }) => rivals.IQ4_NL?.cell.name !== "iq4_nl")).toBe(true);
    const page = fourBitsSection(fed)!;
    expect(page.table.rows.find(([name]) => name!.text === "iq4_nl")![1]!.text).toBe("second moments");
    expect(page.table.rows.every((row) => row.length === page.table.columns.length)).toBe(true);
  });
});

it("a ready-made file is nobody's: how its codes were chosen is not known, nor that upstream made it", () => {
  const { cells, ...rest } = fixtureResults();
  const ready = { ...rest, cells: cells.map((result) => (result.cell.name === "iq4_nl" ? { ...result, cell: { ...result.cell, mode: "ready" as const, model: "iq4_nl.gguf" } } : result)) };
  expect(fourBitCells(ready).map(({ rivals }) => rivals.IQ4_NL?.cell.name)).not.toContain("iq4_nl");
  expect(fourBitsSection(ready)!.table.rows.find(([name]) => name!.text === "iq4_nl")![1]!.text).toBe("ready-made file");
  const { columns, rows } = cellTable.sheet(ready);
  expect(rows.find(([name]) => name === "iq4_nl")![columns.indexOf("imatrix")]).toBe("");
  expect(testTable.sheet(ready).rows.some(([, against]) => against === "iq4_nl")).toBe(true);
  expect(kindOf(figureData(ready).cells.find(({ name }) => name === "iq4_nl")!)).toBe("ready-made");
});

describe("the answer about feedback", () => {
  it("is none where nothing was chosen by it", () => expect(feedbackAnswer(fixtureResults())).toEqual([]));

  it("says by how much it beats what upstream makes, or that it does not", () => {
    const [better] = feedbackAnswer(results(["q4_0"], 0.05));
    expect(better?.verdict).toMatch(/ Better than the best that upstream makes of IQ4_NL/);
    expect(better?.text).toMatch(/q4_0, 4\.50 bits per quantized weight.* below iq4_nl .*standard errors.*calibration text speeches/);
    const [worse] = feedbackAnswer(results(["q4_0"], 20));
    expect(worse?.verdict).toMatch(/ Not better than the best that upstream makes of IQ4_NL/);
    expect(worse?.text).toMatch(/ above iq4_nl /);
  });
});
