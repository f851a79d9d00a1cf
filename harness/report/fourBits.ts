import { pairedDifference } from "../analysis/statistics.ts";
import { floatTypes } from "../study/types.ts";
import { cellColumn, csvValue } from "./cellColumns.ts";
import { measured, type Measured, type Results } from "./load.ts";
import { isUpstreams } from "./plainCell.ts";
import { rounded, table } from "./table.ts";

/** Bits per quantized weight from which on, and up to which, cells are held against each other. */
const bitsFrom = 4;
const bitsTo = 5.05;

/** A cell of about four bits, with what it is held against. */
export interface FourBitCell {
  one: Measured;
  bits: number;
  kld: number;
  /** The best of upstream's own cells of each type; null where the study has none. */
  rivals: Record<RivalType, Measured | null>;
}

/** What upstream makes of about four bits: without second moments, and as a mixture. */
export const rivalTypes = ["IQ4_NL", "Q4_K_S"] as const;
/** One of them. */
export type RivalType = (typeof rivalTypes)[number];

/** Every cell of four to five bits whose divergence was measured, the best first. */
export function fourBitCells(results: Results): FourBitCell[] {
  const cells = measured(results).flatMap((one) => {
    const bits = csvValue(cellColumn("bpw_quantized"), one, null) as number;
    const isOne = one.record.divergence !== null && !floatTypes.includes(one.cell.type) && one.cell.decode === "exact" && bits >= bitsFrom && bits <= bitsTo;
    return isOne ? [{ one, bits, kld: one.record.divergence!.mean }] : [];
  }).sort((left, right) => left.kld - right.kld);
  const best = (type: string): Measured | null => cells.find(({ one }) => one.cell.type === type && isUpstreams(one.cell))?.one ?? null;
  const rivals = { IQ4_NL: best("IQ4_NL"), Q4_K_S: best("Q4_K_S") };
  return cells.map((cell) => ({ ...cell, rivals }));
}

/** What was known when a cell's codes were chosen; of a ready-made file that it is one. */
export function knowledge({ mode, feedback, imatrix, fit }: Measured["cell"]): string {
  if (mode === "ready") return "ready-made file";
  if (feedback) return "second moments";
  return imatrix || fit?.weights === "imatrix" ? "importance matrix" : "";
}

/** How a cell's mean KL divergence differs from the best upstream cell's of a type, paired by chunk; null for the rival itself, or without one. */
export function againstRival({ one, rivals }: FourBitCell, type: RivalType): { difference: number; error: number; z: number } | null {
  const rival = rivals[type];
  const difference = rival && rival !== one ? pairedDifference(rival.record.divergence!.chunks, one.record.divergence!.chunks) : null;
  if (!difference || difference.standardError === 0) return null;
  return { difference: difference.mean, error: difference.standardError, z: difference.mean / difference.standardError };
}

/**
 * four_bits.csv: the cells of four to five bits per weight, the best first, each against the best that upstream makes of
 * IQ4_NL and of Q4_K_S, with or without an importance matrix, pure or as a mixture; differences below 0 are better.
 */
export const fourBitTable = table(
  { file: "four_bits.csv", version: 2, steps: ["quantize", "count", "evaluate"] },
  fourBitCells,
  {
    cell: ({ one }) => one.cell.name,
    by: ({ one }) => knowledge(one.cell),
    bpw_quantized: ({ bits }) => bits,
    file_bytes: ({ one }) => one.record.file.bytes,
    kld: ({ kld }) => rounded(kld, 7),
    kld_error: ({ one }) => rounded(one.record.divergence!.error, 7),
    ...Object.fromEntries(rivalTypes.flatMap((type) => {
      const name = type.toLowerCase();
      return [
        [`${name}_difference`, (cell: FourBitCell) => rounded(againstRival(cell, type)?.difference, 7)],
        [`${name}_standard_error`, (cell: FourBitCell) => rounded(againstRival(cell, type)?.error, 7)],
        [`${name}_z`, (cell: FourBitCell) => rounded(againstRival(cell, type)?.z, 2)],
      ] as const;
    })),
  },
);
