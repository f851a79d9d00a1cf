import { againstRival, type FourBitCell, fourBitCells, knowledge, rivalTypes } from "../fourBits.ts";
import type { Results } from "../load.ts";
import { number, type PageCell, type PageTable, uncertain, words } from "./columns.ts";

/** The page's table of cells of four to five bits, and what they are held against; null where fewer than two were measured. */
export function fourBitsSection(results: Results): { table: PageTable; note: string } | null {
  const cells = fourBitCells(results);
  if (cells.length < 2) return null;
  const { rivals } = cells[0]!;
  const present = rivalTypes.flatMap((type) => (rivals[type] ? [{ type, name: rivals[type].cell.name }] : []));
  const columns = [
    { title: "cell", numeric: false }, { title: "codes chosen by", numeric: false }, { title: "quantized bits/weight", numeric: true },
    { title: "file, MB", numeric: true }, { title: "KL divergence", numeric: true, hint: "mean, in nats a token; lower is better" },
    ...present.map(({ name }) => ({ title: `− ${name}`, numeric: true, hint: "paired difference by chunk ± its standard error; below 0 is better" })),
  ];
  const row = (cell: FourBitCell): PageCell[] => [
    words(cell.one.cell.name), words(knowledge(cell.one.cell) || "rounding"), number(cell.bits, 3), number(cell.one.record.file.bytes / 1e6, 3),
    uncertain({ value: cell.kld, error: cell.one.record.divergence!.error }),
    ...present.map(({ type }) => {
      const against = againstRival(cell, type);
      return uncertain(against && { value: against.difference, error: against.error }, 3);
    }),
  ];
  return {
    table: { columns, rows: cells.map(row) },
    note: present.length === 0 ? "The best first." : `The best first; held against ${present.map(({ type, name }) => `${name}, the best that upstream makes of ${type}`).join(", and ")}.`,
  };
}
