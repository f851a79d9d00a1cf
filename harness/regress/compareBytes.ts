import { open } from "node:fs/promises";
import { readGguf, readTensor, type Gguf } from "../gguf/read.ts";
import { isDeepStrictEqual } from "node:util";

const pieceBytes = 1 << 22;

/**
 * Offset of the first byte in which two files differ; undefined if they are equal. A file that is the
 * other's beginning differs at its end.
 */
export async function firstDifference(one: string, other: string): Promise<number | undefined> {
  const files = await Promise.all([open(one, "r"), open(other, "r")]);
  try {
    const pieces = files.map(() => Buffer.alloc(pieceBytes)) as [Buffer, Buffer];
    for (let position = 0; ; ) {
      const [a, b] = await Promise.all(files.map(async (file, index) => (await file.read(pieces[index]!, 0, pieceBytes, position)).bytesRead));
      const common = Math.min(a!, b!);
      if (pieces[0].compare(pieces[1], 0, common, 0, common) !== 0) {
        let index = 0;
        while (pieces[0][index] === pieces[1][index]) index++;
        return position + index;
      }
      if (a !== b) return position + common;
      if (common === 0) return undefined;
      position += common;
    }
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

/**
 * Says where the second GGUF differs from the first: metadata, layout, and of each tensor's bytes the
 * first that differs and how many do.
 *
 * @returns one line for each; empty if nothing but padding differs
 * @throws {ParseError} one of the files is no whole GGUF
 */
export async function describeDifference(one: string, other: string): Promise<string[]> {
  const [before, after] = await Promise.all([readGguf(one), readGguf(other)]);
  const keys = new Set([...before.metadata.keys(), ...after.metadata.keys()]);
  const lines = [...keys].filter((key) => !isDeepStrictEqual(before.metadata.get(key), after.metadata.get(key))).map((key) => {
    const [was, is] = [before, after].map(({ metadata }) => (metadata.has(key) ? shortened(metadata.get(key)) : "absent"));
    return `metadata ${key} is ${is}, upstream's ${was}`;
  });
  const names = new Set([...before.tensors, ...after.tensors].map(({ name }) => name));
  for (const name of names) {
    const line = await tensorDifference(before, after, name);
    if (line) lines.push(line);
  }
  return lines;
}

async function tensorDifference(before: Gguf, after: Gguf, name: string): Promise<string | undefined> {
  const [was, is] = [before, after].map(({ tensors }) => tensors.find((tensor) => tensor.name === name));
  if (!was || !is) return `tensor ${name} is ${is ? "one too many" : "missing"}`;
  if (was.type !== is.type) return `tensor ${name} is ${is.type}, upstream's ${was.type}`;
  if (!isDeepStrictEqual(was.shape, is.shape)) return `tensor ${name} has shape ${is.shape.join("x")}, upstream's ${was.shape.join("x")}`;
  const [bytes, others] = await Promise.all([readTensor(before, was), readTensor(after, is)]);
  let different = 0;
  let first = -1;
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] === others[index]) continue;
    if (first < 0) first = index;
    different++;
  }
  if (different === 0) return undefined;
  const hexadecimal = (byte: number | undefined): string => `0x${(byte ?? 0).toString(16).padStart(2, "0")}`;
  return `tensor ${name} (${is.type}): byte ${first} is ${hexadecimal(others[first])}, upstream's ${hexadecimal(bytes[first])}; ${different} of ${bytes.length} bytes differ`;
}

function shortened(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? part.toString() : part));
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
