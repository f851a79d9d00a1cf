import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { ParseError, UserError } from "../errors.ts";
import { HeaderIncomplete } from "./cursor.ts";
import { GgufBytes, readFully } from "./bytes.ts";
import { padded, parseHeader } from "./header.ts";
import type { GgufHeader, GgufTensor } from "./header.ts";
import { joinParts, type Part, partCount, partPaths, type Segment } from "./split.ts";
import { tensorBytes, tensorTypeNamed } from "./types.ts";

export type { GgufTensor, GgufValue } from "./header.ts";

/**
 * A GGUF file whose header was read and whose tensors are all there; a split model is the whole file that its parts were
 * made from.
 */
export interface Gguf extends GgufHeader {
  /** Of a split model its first part's. */
  path: string;
  fileBytes: number;
  /** Where its bytes lie, one stretch behind the other. */
  segments: readonly Segment[];
  /** Of how many files it is. */
  parts: number;
}

const firstRead = 1 << 20;
/** How much more is read of a header that goes on: few rounds, and little memory beside the last. */
const growth = 4;

async function openFile(path: string): Promise<FileHandle> {
  try {
    // A pipe without a writer would never open.
    if (!(await stat(path)).isFile()) throw new UserError("it is not a file");
    return await open(path, "r");
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new UserError(`Cannot read the model ${path}: ${reason}. Give the path of a GGUF file.`);
  }
}

async function readHeader(file: FileHandle, path: string, fileBytes: number): Promise<Pick<Part, "header" | "beginning">> {
  for (let length = Math.min(firstRead, fileBytes); ; length = Math.min(length * growth, fileBytes)) {
    const beginning = new Uint8Array(length);
    await readFully(file, path, beginning, 0);
    try {
      return { header: parseHeader(beginning, fileBytes), beginning };
    } catch (error) {
      if (error instanceof HeaderIncomplete && length < fileBytes) continue;
      if (error instanceof ParseError) throw new ParseError(`${path} ${error.message}.`);
      throw error;
    }
  }
}

/**
 * Reads the header of one file, whose other parts need not be there.
 *
 * @throws as {@link readGguf}
 */
export async function readPart(path: string): Promise<Part> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const part = { path, fileBytes: size, ...(await readHeader(file, path, size)) };
    refuseOtherEnd(path, part.header, size);
    return part;
  } finally {
    await file.close();
  }
}

/** A wrong number of tensors is noticed by nothing else than where the last one ends. */
function refuseOtherEnd(path: string, { tensors, dataOffset, alignment }: GgufHeader, size: number): void {
  for (const { name, offset, bytes } of tensors) {
    const end = dataOffset + offset + bytes;
    if (end > size) throw new ParseError(`${path} is truncated: tensor ${name} ends at byte ${end}, the file at ${size}. Copy or convert it again.`);
  }
  const last = tensors.at(-1);
  const end = dataOffset + (last ? padded(last.offset + last.bytes, alignment) : 0);
  if (size > end) throw new ParseError(`${path} is damaged: its tensors end at byte ${end}, and ${size - end} bytes follow that belong to none. Copy or convert it again.`);
}

/**
 * Reads the header of the GGUF file at `path`, of a split model those of all parts; tensor data stays on disk.
 * @param path of a split model its first part's
 * @throws UserError when the file, or another part, cannot be opened
 * @throws ParseError naming the file, and of a damaged one field and place, when it is not GGUF, of an unsupported
 *   version, damaged, shorter than its tensors need, or no part of the same model
 */
export async function readGguf(path: string): Promise<Gguf> {
  const first = await readPart(path);
  const count = partCount(path, first.header);
  if (count === 1) return { path, fileBytes: first.fileBytes, segments: [{ file: path, at: 0, bytes: first.fileBytes }], parts: 1, ...first.header };
  const parts = [first];
  for (const [index, other] of partPaths(path)!.slice(1).entries()) {
    await stat(other).catch((error: NodeJS.ErrnoException) => {
      throw new UserError(`${other}, part ${index + 2} of ${count} of the model of ${path}, ${error.code === "ENOENT" ? "is missing" : `cannot be read (${error.message})`}; put all parts into one folder`);
    });
    parts.push(await readPart(other));
  }
  const { header, ...joined } = joinParts(parts);
  return { path, parts: count, ...joined, ...header };
}

/**
 * Streams the bytes of one tensor in file order, in pieces of whole blocks.
 * @param pieceBytes upper bound of a piece; one block at least. A piece is overwritten by the next.
 */
export async function* tensorPieces(gguf: Gguf, tensor: GgufTensor, pieceBytes = 1 << 22): AsyncGenerator<Uint8Array> {
  const { blockBytes } = tensorTypeNamed(tensor.type);
  const length = Math.min(tensor.bytes, Math.max(1, Math.floor(pieceBytes / blockBytes)) * blockBytes);
  const buffer = new Uint8Array(length);
  const file = new GgufBytes(gguf);
  try {
    for (let done = 0; done < tensor.bytes; done += length) {
      const piece = buffer.subarray(0, Math.min(length, tensor.bytes - done));
      await file.read(piece, gguf.dataOffset + tensor.offset + done);
      yield piece;
    }
  } finally {
    await file.close();
  }
}

/** All bytes of one tensor. */
export async function readTensor(gguf: Gguf, tensor: GgufTensor): Promise<Uint8Array> {
  const file = new GgufBytes(gguf);
  try {
    return await readElements(file, gguf, tensor, 0, tensor.elements);
  } finally {
    await file.close();
  }
}

/**
 * The bytes of some elements of one tensor, in whole blocks.
 *
 * @throws ParseError when a file ends before them
 */
export async function readElements(file: GgufBytes, { dataOffset }: Gguf, { type, offset }: GgufTensor, first: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(tensorBytes(type, count));
  await file.read(bytes, dataOffset + offset + tensorBytes(type, first));
  return bytes;
}
