import { total } from "../analysis/histogram.ts";
import type { RecordedCompression, RecordedStream } from "../steps/compressionRecord.ts";
import { cellColumn, csvValue } from "./cellColumns.ts";
import { measured, type Measured } from "./load.ts";
import { rounded, table } from "./table.ts";

/** Bits of a block's scale that each of its weights carries. */
const scaleBits = 16 / 32;

/** A tensor's codes, the whole model's (`*`), or the whole file, in which scales are counted already. */
interface Compressed {
  cell: string;
  tensor: string;
  type: string;
  weights: number;
  /** Null of a file: it is not made of codes alone. */
  codes: RecordedStream | null;
  sizes: RecordedStream["sizes"];
  sampledBytes: number | null;
}

function compressedOf({ cell, record: { compression, tensors } }: Measured): Compressed[] {
  if (!compression) return [];
  const { streams, file, sampledBytes } = compression;
  const [whole, ...parts] = streams.map((codes): Compressed => ({ cell: cell.name, tensor: codes.tensor, type: codes.type, weights: codes.codes, codes, sizes: codes.sizes, sampledBytes }));
  return [...(whole ? [whole] : []), { cell: cell.name, tensor: "(file)", type: cell.type, weights: total(tensors.map(({ elements }) => elements)), codes: null, sizes: sizesOf(file), sampledBytes }, ...parts];
}

function sizesOf({ bytes, ...compressed }: RecordedCompression["file"]): RecordedStream["sizes"] {
  return { packed: bytes, ...compressed };
}

function weightBits({ weights, sizes, codes }: Pick<Compressed, "weights" | "sizes" | "codes">, by: keyof RecordedStream["sizes"]): number | null {
  const bytes = sizes[by];
  return bytes === null ? null : rounded((8 * bytes) / weights + (codes ? scaleBits : 0), 5);
}

function codeBits({ codes }: Compressed, by: "entropy" | "conditionalEntropy" | "huffman" | "rangeCoder", scale = 0): number | null {
  return codes && rounded(codes[by] + scale, 5);
}

/**
 * compression.csv: of each cell the whole model's codes (`*`), the whole file (`(file)`), and each tensor's
 * codes: bits per code by theory, bytes by real compressors, and the bits per weight that each would reach,
 * the scale of each block included. `sampled_file_bytes` is how much of a large file was compressed, where sizes are
 * scaled up from a part; empty elsewhere.
 */
export const compressionTable = table(
  { file: "compression.csv", version: 1, steps: ["count", "compress"] },
  (results) => measured(results).flatMap(compressedOf),
  {
    cell: ({ cell }) => cell,
    tensor: ({ tensor }) => tensor,
    type: ({ type }) => type,
    codes: ({ weights }) => weights,
    zero_share: ({ codes }) => rounded(codes?.zeroShare, 6),
    entropy: (one) => codeBits(one, "entropy"),
    conditional_entropy: (one) => codeBits(one, "conditionalEntropy"),
    huffman: (one) => codeBits(one, "huffman"),
    range_coder: (one) => codeBits(one, "rangeCoder"),
    packed_bytes: ({ sizes }) => sizes.packed,
    zstd_3_bytes: ({ sizes }) => sizes["zstd-3"],
    zstd_19_bytes: ({ sizes }) => sizes["zstd-19"],
    xz_bytes: ({ sizes }) => sizes.xz,
    bpw_packed: (one) => weightBits(one, "packed"),
    bpw_entropy: (one) => codeBits(one, "entropy", scaleBits),
    bpw_conditional_entropy: (one) => codeBits(one, "conditionalEntropy", scaleBits),
    bpw_huffman: (one) => codeBits(one, "huffman", scaleBits),
    bpw_range_coder: (one) => codeBits(one, "rangeCoder", scaleBits),
    bpw_zstd_3: (one) => weightBits(one, "zstd-3"),
    bpw_zstd_19: (one) => weightBits(one, "zstd-19"),
    bpw_xz: (one) => weightBits(one, "xz"),
    sampled_file_bytes: ({ sampledBytes }) => sampledBytes,
  },
);

/** radius.csv: what a radius saves and what it costs, for the exactly decoded cells that have one. */
export const radiusTable = table(
  { file: "radius.csv", version: 1, steps: ["compress", "evaluate"] },
  (results) => measured(results)
    .filter(({ cell }) => cell.radius !== undefined && cell.decode === "exact")
    .sort((left, right) => left.cell.radius! - right.cell.radius!)
    .map((result) => ({ result, whole: result.record.compression?.streams[0] })),
  {
    cell: ({ result }) => result.cell.name,
    radius: ({ result }) => result.cell.radius!,
    zero_share: ({ whole }) => rounded(whole?.zeroShare, 5),
    entropy: ({ whole }) => rounded(whole?.entropy, 5),
    conditional_entropy: ({ whole }) => rounded(whole?.conditionalEntropy, 5),
    bpw_entropy: ({ whole }) => rounded(whole && whole.entropy + scaleBits, 5),
    bpw_zstd_19: ({ whole }) => (whole ? weightBits({ weights: whole.codes, sizes: whole.sizes, codes: whole }, "zstd-19") : null),
    ...Object.fromEntries(["ppl", "ppl_error", "kld", "kld_error"].map((name) => [name, ({ result }: { result: Measured }) => csvValue(cellColumn(name), result, null)])),
  },
);
