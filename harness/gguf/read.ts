import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { ParseError, UserError } from "../errors.ts";
import { HeaderIncomplete } from "./cursor.ts";
import { padded, parseHeader } from "./header.ts";
import type { GgufHeader, GgufTensor } from "./header.ts";
import { tensorBytes, tensorTypeNamed } from "./types.ts";

export type { GgufTensor, GgufValue } from "./header.ts";

/** A GGUF file whose header was read and whose tensors are all there. */
export interface Gguf extends GgufHeader {
  path: string;
  fileBytes: number;
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

async function readAt(file: FileHandle, path: string, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) throw new ParseError(`${path} is truncated: it ends at byte ${position + done}.`);
    done += bytesRead;
  }
}

async function readHeader(file: FileHandle, path: string, fileBytes: number): Promise<GgufHeader> {
  for (let length = Math.min(firstRead, fileBytes); ; length = Math.min(length * growth, fileBytes)) {
    const bytes = new Uint8Array(length);
    await readAt(file, path, bytes, 0);
    try {
      return parseHeader(bytes, fileBytes);
    } catch (error) {
      if (error instanceof HeaderIncomplete && length < fileBytes) continue;
      if (error instanceof ParseError) throw new ParseError(`${path} ${error.message}.`);
      throw error;
    }
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
 * Reads the header of the GGUF file at `path`; tensor data stays on disk.
 * @throws UserError when the file cannot be opened
 * @throws ParseError naming the file, and of a damaged one field and place, when it is not GGUF, of an unsupported
 *   version, damaged, or shorter than its tensors need
 */
export async function readGguf(path: string): Promise<Gguf> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const header = await readHeader(file, path, size);
    refuseOtherEnd(path, header, size);
    return { path, fileBytes: size, ...header };
  } finally {
    await file.close();
  }
}

/**
 * Streams the bytes of one tensor in file order, in pieces of whole blocks.
 * @param pieceBytes upper bound of a piece; one block at least. A piece is overwritten by the next.
 */
export async function* tensorPieces(gguf: Gguf, tensor: GgufTensor, pieceBytes = 1 << 22): AsyncGenerator<Uint8Array> {
  const { blockBytes } = tensorTypeNamed(tensor.type);
  const length = Math.min(tensor.bytes, Math.max(1, Math.floor(pieceBytes / blockBytes)) * blockBytes);
  const buffer = new Uint8Array(length);
  const file = await openFile(gguf.path);
  try {
    for (let done = 0; done < tensor.bytes; done += length) {
      const piece = buffer.subarray(0, Math.min(length, tensor.bytes - done));
      await readAt(file, gguf.path, piece, gguf.dataOffset + tensor.offset + done);
      yield piece;
    }
  } finally {
    await file.close();
  }
}

/** All bytes of one tensor. */
export async function readTensor(gguf: Gguf, tensor: GgufTensor): Promise<Uint8Array> {
  const file = await openFile(gguf.path);
  try {
    return await readElements(file, gguf, tensor, 0, tensor.elements);
  } finally {
    await file.close();
  }
}

/**
 * The bytes of some elements of one tensor, in whole blocks.
 *
 * @param file the GGUF, open
 * @throws ParseError when it ends before them
 */
export async function readElements(file: FileHandle, gguf: Gguf, { type, offset }: GgufTensor, first: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(tensorBytes(type, count));
  await readAt(file, gguf.path, bytes, gguf.dataOffset + offset + tensorBytes(type, first));
  return bytes;
}
