import { open, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { UserError } from "../errors.ts";
import { removePartial, replaceFile, writeOwn } from "../writeAtomic.ts";
import { elementsOf, tensorBytes, tensorTypeNamed } from "./types.ts";

/** A metadata entry with the type it is stored as. */
export type GgufField =
  | { key: string; type: "u32" | "i32" | "f32"; value: number }
  | { key: string; type: "bool"; value: boolean }
  | { key: string; type: "string"; value: string }
  | { key: string; type: "array"; of: "i8" | "i32" | "u32" | "f32"; value: number[] }
  | { key: string; type: "array"; of: "string"; value: string[] };

/** A tensor to write; its bytes are asked for when its turn comes. */
export interface TensorSource {
  name: string;
  /** Row length first. */
  shape: number[];
  /** Upstream's type name in upper case. */
  type: string;
  /** All bytes of the tensor in pieces, in order. A piece may be overwritten after the next is asked for. */
  pieces(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

const typeNumbers = { i8: 1, u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9 } as const;
const alignment = 32;

function unsigned(value: number, bytes: 4 | 8): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (bytes === 4) buffer.writeUInt32LE(value);
  else buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([unsigned(bytes.length, 8), bytes]);
}

function scalar(type: "i8" | "u32" | "i32" | "f32" | "bool" | "string", value: number | boolean | string): Buffer {
  switch (type) {
    case "string": return text(String(value));
    case "bool": return Buffer.from([value ? 1 : 0]);
    case "i8": return Buffer.from(Int8Array.of(Number(value)).buffer);
    default: {
      const buffer = Buffer.alloc(4);
      if (type === "u32") buffer.writeUInt32LE(Number(value));
      else if (type === "i32") buffer.writeInt32LE(Number(value));
      else buffer.writeFloatLE(Number(value));
      return buffer;
    }
  }
}

function fieldBytes(field: GgufField): Buffer {
  const head = [text(field.key), unsigned(typeNumbers[field.type], 4)];
  if (field.type !== "array") return Buffer.concat([...head, scalar(field.type, field.value)]);
  const items = field.value.map((value) => scalar(field.of, value));
  return Buffer.concat([...head, unsigned(typeNumbers[field.of], 4), unsigned(items.length, 8), ...items]);
}

function padded(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}

/** The descriptions of tensors as a header has them, one tensor's data behind the other's. */
export function describeTensors(tensors: readonly Pick<TensorSource, "name" | "shape" | "type">[]): Buffer[] {
  let offset = 0;
  return tensors.map(({ name, shape, type }) => {
    const description = Buffer.concat([
      text(name),
      unsigned(shape.length, 4),
      ...shape.map((size) => unsigned(size, 8)),
      unsigned(tensorTypeNamed(type).number, 4),
      unsigned(offset, 8),
    ]);
    offset += padded(tensorBytes(type, elementsOf(shape)));
    return description;
  });
}

function header(fields: readonly GgufField[], tensors: readonly Omit<TensorSource, "pieces">[]): Buffer {
  const start = [Buffer.from("GGUF"), unsigned(3, 4), unsigned(tensors.length, 8), unsigned(fields.length, 8)];
  const bytes = Buffer.concat([...start, ...fields.map(fieldBytes), ...describeTensors(tensors)]);
  return Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]);
}

/**
 * Writes a GGUF file of version 3, streaming: memory is the header and one piece of one tensor.
 * The file gets its name when it is complete.
 * @param signal ends the writing between two pieces
 * @throws UserError when the file cannot be written
 * @throws RangeError when a tensor gives other than its shape's bytes; nothing is left behind then
 * @throws {Error} with the name `AbortError` when aborted; nothing is left behind then
 */
export async function writeGguf(path: string, fields: readonly GgufField[], tensors: readonly TensorSource[], signal?: AbortSignal): Promise<void> {
  await removePartial(dirname(path));
  await replaceFile(path, async (partial) => {
    const file = await open(partial, "wx").catch((error: Error) => {
      throw new UserError(`Cannot write ${path}: ${error.message}. Give a path in a folder that exists and may be written to.`);
    });
    try {
      await file.writeFile(header(fields, tensors));
      for (const { name, shape, type, pieces } of tensors) {
        const expected = tensorBytes(type, elementsOf(shape));
        let written = 0;
        for await (const piece of pieces()) {
          signal?.throwIfAborted();
          await file.writeFile(piece);
          written += piece.length;
        }
        if (written !== expected) throw new RangeError(`Tensor ${name} gave ${written} bytes, its shape needs ${expected}.`);
        await file.writeFile(Buffer.alloc(padded(written) - written));
      }
    } finally {
      await file.close();
    }
  });
}

/**
 * Writes a GGUF file whose weights are a hole: as long as a whole one, but without its bytes on the disk, to be asked what it
 * says of itself.
 */
export async function writeHollowGguf(path: string, fields: readonly GgufField[], tensors: readonly Omit<TensorSource, "pieces">[]): Promise<void> {
  const head = header(fields, tensors);
  const bytes = tensors.reduce((sum, { type, shape }) => sum + padded(tensorBytes(type, elementsOf(shape))), head.length);
  await writeOwn(path, head);
  await truncate(path, bytes);
}
