import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../writeAtomic.ts";
import { z } from "zod";
import { readJson } from "../json.ts";
import { projectRoot } from "../paths.ts";
import type { Measured } from "../report/load.ts";
import { schemeName } from "../report/cellColumns.ts";
import { bitsPerWeight } from "../steps/sizes.ts";
import type { Tally } from "./tally.ts";

const share = z.number().min(0).max(1);
const bandSchema = z.strictObject({ above: z.number().nonnegative(), share });
const cellSchema = z.strictObject({
  cell: z.string(),
  type: z.string(),
  scheme: z.string(),
  decode: z.string(),
  container: z.string(),
  file_bytes: z.int().positive(),
  bpw_quantized: z.number().positive().nullable(),
  chunks: z.int().positive(),
  ppl: z.number().positive(),
});
const referenceSchema = z.strictObject({
  about: z.string(),
  study: z.string(),
  model: z.string(),
  release: z.string(),
  command: z.string(),
  tolerances: z.strictObject({
    about: z.string(),
    file_bytes: share,
    bpw_quantized: share,
    chunks: share,
    /** The band with the highest `above` below a perplexity is the one that holds for it. */
    ppl: z.array(bandSchema).min(1),
  }),
  cells: z.array(cellSchema).min(1),
});

/** What the demo study must give, and how far results may lie from it. */
export type Reference = z.infer<typeof referenceSchema>;

/** The committed reference. */
const referenceFile = path.join(projectRoot, "results", "reference", "thesis-sotu-1m-f16.json");

/** How the reference is made. */
const referenceCommand = "npm run regress -- --only schemes --write-reference";

/** Reads a reference. @throws {UserError} missing, or of another shape */
export async function readReference(file = referenceFile): Promise<Reference> {
  return readJson(file, referenceSchema, `make it with ${referenceCommand}`);
}

/** The reference that results give, with the tolerances that hold between machines and releases. */
export function makeReference(cells: readonly Measured[], release: string): Reference {
  return {
    about: "What the thesis's study must give on the demo model. Made from a run; not edited by hand.",
    study: "thesis",
    model: "sotu-1m-f16",
    release,
    command: referenceCommand,
    tolerances: {
      about: "Largest deviation as a share of the value. Processors and releases differ in the last digits of sums, and in metadata; wrecked models multiply such differences.",
      file_bytes: 0.01,
      bpw_quantized: 0,
      chunks: 0,
      ppl: [{ above: 0, share: 0.003 }, { above: 100, share: 0.03 }, { above: 10_000, share: 0.1 }],
    },
    cells: cells.map(rowOf),
  };
}

function rowOf({ cell, record }: Measured): Reference["cells"][number] {
  const { file, tensors, perplexity } = record;
  const { quantized } = bitsPerWeight(file.bytes, tensors, cell.type);
  return {
    cell: cell.name, type: cell.type, scheme: schemeName(cell), decode: cell.decode, container: cell.container,
    file_bytes: file.bytes, bpw_quantized: quantized, chunks: perplexity.chunks.length, ppl: perplexity.ppl,
  };
}

/** Writes a reference. */
export async function writeReference(reference: Reference, file = referenceFile): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeAtomic(file, `${JSON.stringify(reference, null, 1)}\n`);
}

/**
 * Compares results with the reference, cell by cell. One of its cells that was not measured is a regression, one that
 * it does not have only noted; so is upstream's own type that another release quantizes in another way.
 *
 * @param release tag of the release that gave the results
 */
export function compareReference(tally: Tally, reference: Reference, cells: readonly Measured[], release: string): void {
  const { tolerances } = reference;
  for (const wanted of reference.cells) {
    const found = cells.find(({ cell }) => cell.name === wanted.cell);
    if (!found) {
      tally.regressed(`${wanted.cell}: is in the reference, but was not measured`);
      continue;
    }
    const row = rowOf(found);
    const band = tolerances.ppl.filter(({ above }) => wanted.ppl > above).at(-1);
    const allowed = { file_bytes: tolerances.file_bytes, bpw_quantized: tolerances.bpw_quantized, chunks: tolerances.chunks, ppl: band?.share ?? 0 };
    for (const [column, tolerance] of Object.entries(allowed) as [keyof typeof allowed, number][]) {
      const [value, should] = [row[column], wanted[column]];
      if (value === should || (value !== null && should !== null && Math.abs(value / should - 1) <= tolerance)) tally.held();
      else (wanted.scheme === "upstream" && release !== reference.release ? tally.note : tally.regressed)(`${wanted.cell}: ${column} is ${value}, in the reference ${should} within ${100 * tolerance} %`);
    }
  }
  const known = new Set(reference.cells.map(({ cell }) => cell));
  for (const { cell } of cells) if (!known.has(cell.name)) tally.note(`${cell.name} is not in the reference; make it anew with ${reference.command}`);
}
