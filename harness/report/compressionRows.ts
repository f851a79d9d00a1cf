import type { RecordedStream } from "../steps/compressionRecord.ts";
import { measured, type Results } from "./load.ts";
import { rounded, type Table } from "./rows.ts";

/** Bits of a block's scale that each of its weights carries. */
const scaleBits = 16 / 32;

const columns = [
  "cell", "tensor", "type", "codes", "zero_share", "entropy", "conditional_entropy", "huffman", "range_coder",
  "packed_bytes", "zstd_3_bytes", "zstd_19_bytes", "xz_bytes",
  "bpw_packed", "bpw_entropy", "bpw_conditional_entropy", "bpw_huffman", "bpw_range_coder", "bpw_zstd_3", "bpw_zstd_19", "bpw_xz",
  "sampled_file_bytes",
];

/**
 * compression.csv: of each cell the whole model's codes (`*`), the whole file (`(file)`), and each tensor's
 * codes: bits per code by theory, bytes by real compressors, and the bits per weight that each would reach,
 * the scale of each block included. `sampled_file_bytes` is how much of a large file was compressed, where sizes are
 * scaled up from a part; empty elsewhere.
 */
export function compressionRows(results: Results): Table {
  const rows = measured(results).flatMap(({ cell, record }) => {
    const { compression, tensors } = record;
    if (!compression) return [];
    const [whole, ...streams] = compression.streams.map((stream) => streamRow(cell.name, stream));
    const weights = tensors.reduce((sum, { elements }) => sum + elements, 0);
    const { bytes, "zstd-3": fast, "zstd-19": strong, xz } = compression.file;
    const bits = [fast, strong, xz].map((size) => perWeight(size, weights, 0));
    const file = [
      cell.name, "(file)", cell.type, weights, ...Array<null>(5).fill(null), bytes, fast, strong, xz,
      perWeight(bytes, weights, 0), ...Array<null>(4).fill(null), ...bits,
    ];
    return [...(whole ? [whole] : []), file, ...streams].map((row) => [...row, compression.sampledBytes]);
  });
  return { columns, rows };
}

function streamRow(cell: string, stream: RecordedStream): (string | number | null)[] {
  const { codes, sizes } = stream;
  const bits = [stream.entropy, stream.conditionalEntropy, stream.huffman, stream.rangeCoder];
  const bytes = [sizes.packed, sizes["zstd-3"], sizes["zstd-19"], sizes.xz];
  return [
    cell, stream.tensor, stream.type, codes, rounded(stream.zeroShare, 6), ...bits.map((value) => rounded(value, 5)), ...bytes,
    perWeight(sizes.packed, codes, scaleBits), ...bits.map((value) => rounded(value + scaleBits, 5)),
    ...bytes.slice(1).map((size) => perWeight(size, codes, scaleBits)),
  ];
}

function perWeight(bytes: number | null, weights: number, scale: number): number | null {
  return bytes === null ? null : rounded((8 * bytes) / weights + scale, 5);
}

/** radius.csv: what a radius saves and what it costs, for the exactly decoded cells that have one. */
export function radiusRows(results: Results): Table {
  const rows = measured(results)
    .filter(({ cell }) => cell.radius !== undefined && cell.decode === "exact")
    .sort((left, right) => left.cell.radius! - right.cell.radius!)
    .map(({ cell, record }) => {
      const whole = record.compression?.streams[0];
      const bits = (value: number | undefined): number | null => (value === undefined ? null : rounded(value, 5));
      return [
        cell.name, cell.radius!, bits(whole?.zeroShare), bits(whole?.entropy), bits(whole?.conditionalEntropy),
        bits(whole && whole.entropy + scaleBits), whole ? perWeight(whole.sizes["zstd-19"], whole.codes, scaleBits) : null,
        record.perplexity.ppl, record.perplexity.error, record.divergence?.mean ?? null, record.divergence?.error ?? null,
      ];
    });
  const names = ["cell", "radius", "zero_share", "entropy", "conditional_entropy", "bpw_entropy", "bpw_zstd_19", "ppl", "ppl_error", "kld", "kld_error"];
  return { columns: names, rows };
}
