import { encodeQ8 } from "../../harness/analysis/encode.ts";
import type { CodeTable } from "../../harness/analysis/tables.ts";
import type { Histogram } from "../../harness/gguf/codes.ts";
import { tensorValues } from "../../harness/gguf/dequantize.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import type { Gguf, GgufTensor } from "../../harness/gguf/read.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import type { GgufField, TensorSource } from "../../harness/gguf/write.ts";
import { demoModel } from "../../harness/paths.ts";
import { packBytes, packOffsetNibbles, packPublishedNibbles, packSignedNibbles } from "../analysis/pack.ts";
import { encodeQ4, throughTable, zeroRadius } from "../analysis/schemes.ts";

/** Counts over all tensors of a histogram; they must have codes of one kind. */
export function totalCodes({ tensors }: Histogram): number[] {
  return tensors.map(({ counts }) => counts).reduce((sum, counts) => sum.map((count, index) => count + counts[index]!));
}

/** All values of a tensor. */
export async function allValues(gguf: Gguf, tensor: GgufTensor): Promise<Float32Array> {
  const values = new Float32Array(tensor.elements);
  let done = 0;
  for await (const piece of tensorValues(gguf, tensor)) {
    values.set(piece, done);
    done += piece.length;
  }
  return values;
}

/** A way to quantize the demo model in TypeScript. */
export type DemoScheme =
  | { kind: "q4_0" }
  | { kind: "q8_0" }
  | { kind: "centred"; radius: number; packing?: boolean }
  | { kind: "table"; table: CodeTable; container: "native" | "packed" };

function encode(values: Float32Array, scheme: DemoScheme): { type: string; bytes: Uint8Array } {
  switch (scheme.kind) {
    case "q4_0": return { type: "Q4_0", bytes: packOffsetNibbles(encodeQ4(values)) };
    case "q8_0": return { type: "Q8_0", bytes: packBytes(encodeQ8(values)) };
    case "centred": return { type: "Q4_0", bytes: (scheme.packing ? packPublishedNibbles : packSignedNibbles)(zeroRadius(encodeQ4(values), scheme.radius)) };
    case "table": {
      const codes = throughTable(encodeQ8(values), scheme.table);
      return scheme.container === "packed" ? { type: "Q4_0", bytes: packSignedNibbles(codes) } : { type: "Q8_0", bytes: packBytes(codes) };
    }
  }
}

function ownFields(scheme: DemoScheme, tensors: string[]): GgufField[] {
  if (scheme.kind === "q4_0" || scheme.kind === "q8_0") return [];
  return [
    { key: "pablo.version", type: "u32", value: 1 },
    { key: "pablo.scheme", type: "string", value: scheme.kind },
    { key: "pablo.tensors", type: "array", of: "string", value: tensors },
    ...(scheme.kind === "centred"
      ? ([
          { key: "pablo.radius", type: "u32", value: scheme.radius },
          { key: "pablo.decode", type: "string", value: scheme.packing ? "published:packing" : "exact" },
        ] as const)
      : ([
          { key: "pablo.container", type: "string", value: scheme.container },
          { key: "pablo.decode", type: "string", value: "exact" },
          { key: "pablo.table.widths", type: "array", of: "i32", value: scheme.table.widths },
          { key: "pablo.table.values", type: "array", of: "i8", value: scheme.table.values },
        ] as const)),
  ];
}

/** Writes the demo model's matrices to `file`, quantized by `scheme`, in file order, and reads its header. */
export async function writeDemo(file: string, scheme: DemoScheme): Promise<Gguf> {
  const original = await readGguf(demoModel);
  const matrices = original.tensors.filter(({ shape }) => shape.length === 2);
  const sources: TensorSource[] = [];
  for (const tensor of matrices) {
    const { type, bytes } = encode(await allValues(original, tensor), scheme);
    sources.push({ name: tensor.name, shape: tensor.shape, type, pieces: () => [bytes] });
  }
  await writeGguf(file, ownFields(scheme, matrices.map(({ name }) => name)), sources);
  return readGguf(file);
}
