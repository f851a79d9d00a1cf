import { readFile, writeFile } from "node:fs/promises";
import { halfToFloat } from "../../harness/analysis/half.ts";
import { tensorValues } from "../../harness/gguf/dequantize.ts";
import { decodedValues, ownCoding, type OwnCoding } from "../../harness/gguf/own.ts";
import { readGguf, readTensor, type Gguf, type GgufTensor } from "../../harness/gguf/read.ts";
import { describeTensors } from "../../harness/gguf/write.ts";

interface Rewritten {
  name: string;
  shape: number[];
  type: string;
  bytes: Uint8Array;
}

const codes = 32;
const signExtended = (nibble: number): number => (nibble ^ 8) - 8;

/** Blocks as large as `to` of blocks as large as `from`, of the same scales; `codesOf` gives the bytes behind the scale. */
function mapBlocks(bytes: Uint8Array, from: number, to: number, codesOf: (stored: Uint8Array) => Iterable<number>): Uint8Array {
  const blocks = bytes.length / from;
  const mapped = new Uint8Array(blocks * to);
  for (let block = 0; block < blocks; block++) {
    const stored = bytes.subarray(block * from, (block + 1) * from);
    mapped.set([stored[0]!, stored[1]!, ...codesOf(stored.subarray(2))], block * to);
  }
  return mapped;
}

/** A block's 32 nibbles in the order of its weights. */
const nibblesOf = (stored: Uint8Array): number[] => [...Array.from(stored, (byte) => byte & 15), ...Array.from(stored, (byte) => byte >> 4)];

/** What the thesis's fork made of a block when it looked up a row: nibbles that are without their sign, or have one that they should not. */
function publishedValues(own: OwnCoding, type: string, stored: Uint8Array, table: readonly number[] | undefined): number[] {
  if (type === "Q8_0") return Array.from(stored, (byte) => table![signExtended(byte & 15) + 8]!);
  const values = nibblesOf(stored).map((nibble, index) => (index < 16 ? nibble : signExtended(nibble)));
  return own.scheme === "simple" ? values.map((value) => value - 8) : values;
}

function publishedRows(own: OwnCoding, type: string, bytes: Uint8Array, table: readonly number[] | undefined): Uint8Array {
  const size = type === "Q4_0" ? 18 : 34;
  const values = new Float32Array((bytes.length / size) * codes);
  for (let block = 0; block * size < bytes.length; block++) {
    const scale = halfToFloat(bytes[block * size]! | (bytes[block * size + 1]! << 8));
    const multiples = publishedValues(own, type, bytes.subarray(block * size + 2, (block + 1) * size), table);
    values.set(multiples.map((multiple) => scale * multiple), block * codes);
  }
  return new Uint8Array(values.buffer);
}

function asUpstream(gguf: Gguf, own: OwnCoding, tensor: GgufTensor, bytes: Uint8Array): Rewritten {
  const { name, shape, type } = tensor;
  const table = decodedValues(gguf, own, type, name);
  const isLookedUp = name === "token_embd.weight";
  // Matrices are multiplied with the codes as they lie.
  if (own.defects.length > 0 && isLookedUp) return { name, shape, type: "F32", bytes: publishedRows(own, type, bytes, table) };
  if (own.defects.length > 0 || !table) return { name, shape, type, bytes };
  const value = (nibble: number): number => table[signExtended(nibble) + 8]!;
  if (type === "Q8_0") return { name, shape, type, bytes: mapBlocks(bytes, 34, 34, (stored) => stored.map((byte) => value(byte & 15))) };
  if (own.container === "packed") return { name, shape, type: "Q8_0", bytes: mapBlocks(bytes, 18, 34, (stored) => nibblesOf(stored).map(value)) };
  return { name, shape, type, bytes: mapBlocks(bytes, 18, 18, (stored) => stored.map((byte) => byte ^ 0x88)) };
}

function number(value: number, bytes: 4 | 8): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUInt32LE(value);
  return buffer;
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes], Math.ceil(bytes.length / 32) * 32);
}

/** Writes a model, one file, with other tensors and without the library's metadata. */
async function writeRewritten(file: string, to: string, rewrite: (gguf: Gguf, tensor: GgufTensor) => Promise<Rewritten>): Promise<void> {
  const gguf = await readGguf(file);
  const tensors: Rewritten[] = [];
  for (const tensor of gguf.tensors) tensors.push(await rewrite(gguf, tensor));
  const bytes = await readFile(file);
  const fields = [...gguf.spans].filter(([key]) => !key.startsWith("pablo.")).map(([, span]) => bytes.subarray(span.from, span.to));
  const head = [bytes.subarray(0, 8), number(tensors.length, 8), number(fields.length, 8), ...fields, ...describeTensors(tensors)];
  await writeFile(to, Buffer.concat([padded(Buffer.concat(head)), ...tensors.map((tensor) => padded(tensor.bytes))]));
}

/**
 * Writes a model of upstream's types alone that has exactly the weights of an own-coded one: packed and native tables become
 * Q8_0, centred codes Q4_0. With all that the thesis's fork did, what it looks up becomes F32, and what it multiplies with keeps
 * its bytes. Nothing of the C library has a part in it.
 *
 * @param file one file, not split
 */
export async function writeUpstreamModel(file: string, to: string): Promise<void> {
  await writeRewritten(file, to, async (gguf, tensor) => asUpstream(gguf, ownCoding(gguf)!, tensor, await readTensor(gguf, tensor)));
}

/** Writes a model of the same weights in F32, which processors and devices multiply alike. @param file one file, not split */
export async function writeFloatModel(file: string, to: string): Promise<void> {
  await writeRewritten(file, to, async (gguf, tensor) => {
    const pieces: Uint8Array[] = [];
    for await (const values of tensorValues(gguf, tensor)) pieces.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return { name: tensor.name, shape: tensor.shape, type: "F32", bytes: Buffer.concat(pieces) };
  });
}
