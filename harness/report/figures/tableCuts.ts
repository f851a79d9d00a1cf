import { binStarts } from "../../analysis/tables.ts";
import type { NamedTable } from "../../study/tables.ts";
import { type CodeCounts, codeShares, type FigureData } from "./data.ts";
import type { FigureDefinition } from "./figure.ts";
import { percent } from "./numbers.ts";
import { hover, type Panel, panelTitle } from "./panel.ts";
import { simple } from "./schemes.ts";
import { colours } from "./theme.ts";

const most = 6;

/** The tables of a study drawn over the histogram of 8-bit codes that they cut. */
export const tableCuts: FigureDefinition = (data) => {
  const codes = simple(data, "Q8_0")?.codes;
  const tables = distinctTables(data);
  if (!codes || tables.length === 0) return null;
  const peak = Math.max(...codeShares(codes).map(({ share }) => share));
  return {
    name: "tables",
    title: "Tables over the codes that they cut",
    caption: "The codes of Q8_0. Each change of shade is where a table begins another of its 16 bins; the marks below are what the bins decode to.",
    spec: {
      title: "Tables over the codes that they cut",
      vconcat: tables.map((one, index) => panel(one, codes, peak, index === tables.length - 1)),
      spacing: 8,
    },
  };
};

interface Named {
  /** A built-in table's, or that of the first cell with a fitted one. */
  name: string;
  table: NamedTable;
}

function distinctTables({ cells }: FigureData): Named[] {
  const found = new Map<string, Named>();
  for (const { name, cell: { table, fit } } of cells) {
    const key = table && `${table.widths.join()} ${table.values.join()}`;
    // One table for each tensor is too many to show.
    if (table && !table.tensors && key !== undefined && !found.has(key)) found.set(key, { name: fit ? name : table.name, table });
  }
  return [...found.values()].slice(0, most);
}

function panel({ name, table }: Named, codes: CodeCounts, peak: number, last: boolean): Panel {
  const starts = binStarts(table);
  const shares = codeShares(codes);
  const bars = shares.map(({ code, share }) => {
    const bin = starts.findLastIndex((start) => start <= code);
    return { code, next: code + 1, share, shade: bin % 2, hover: `code ${code}, ${percent(share)}: bin ${bin - 8}, decoded to ${table.values[bin]}` };
  });
  const marks = table.values.map((value, bin) => ({ value: value + 0.5, hover: `bin ${bin - 8} decodes to ${value}` }));
  const scale = { domain: [-128, 128], nice: false };
  const axis = { values: [-128, -64, 0, 64, 127], labels: last, ticks: last };
  return {
    title: panelTitle(name),
    width: 256, height: 70,
    layer: [
      {
        data: { values: bars },
        mark: { type: "bar", strokeWidth: 0 },
        encoding: {
          x: { field: "code", type: "quantitative", scale, axis, title: last ? "8-bit code" : null }, x2: { field: "next" },
          y: { field: "share", type: "quantitative", title: "share, %", axis: { values: [0, Math.floor(peak)] }, scale: { domain: [-0.16 * peak, peak], nice: false } }, y2: { datum: 0 },
          color: { field: "shade", type: "nominal", legend: null, scale: { domain: [0, 1], range: [colours.bar, colours.barPale] } },
          description: hover,
        },
      },
      {
        data: { values: marks },
        mark: { type: "tick", orient: "vertical", color: colours.warn, thickness: 1.5, size: 8, y: 66 },
        encoding: { x: { field: "value", type: "quantitative", scale }, description: hover },
      },
    ],
  };
}
