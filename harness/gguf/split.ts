import path from "node:path";
import { ParseError, UserError } from "../errors.ts";
import { padded, type GgufHeader } from "./header.ts";
import { describeTensors } from "./write.ts";

/** A stretch of a file's bytes, or bytes that lie in none. */
export type Segment = { bytes: number } & ({ file: string; at: number } | { content: Uint8Array });

/** One part of a split model. */
export interface Part {
  path: string;
  fileBytes: number;
  header: GgufHeader;
  /** The file's beginning, with all metadata. */
  beginning: Uint8Array;
}

/** A split model as the one file that it was made from. */
export interface Joined {
  header: GgufHeader;
  segments: Segment[];
  fileBytes: number;
}

const nameOfPart = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;
/** Where llama-gguf-split puts tensors in every part, whatever the first says. */
const alignment = 32;

/**
 * Paths of all parts of a split model, by the name of its first, as llama.cpp finds them; null of a name that is none such.
 * Source: `llama_split_path` in upstream's src/llama.cpp.
 */
export function partPaths(file: string): string[] | null {
  const [, prefix, number, count] = nameOfPart.exec(file) ?? [];
  if (number !== "00001" || Number(count) < 2) return null;
  return Array.from({ length: Number(count) }, (_, index) => `${prefix}-${String(index + 1).padStart(5, "0")}-of-${count}.gguf`);
}

/** A file's name without its folder, `.gguf`, and which part of a split model it is. */
export function modelName(file: string): string {
  const name = path.basename(file);
  return (nameOfPart.exec(name)?.[1] ?? name).replace(/\.gguf$/i, "");
}

/**
 * Of how many parts a file's model is; 1 of a whole one.
 *
 * @throws UserError when it is not the first of them, or not called as such, so that the others cannot be found
 */
export function partCount(file: string, { metadata }: GgufHeader): number {
  const count = Number(metadata.get("split.count") ?? 1);
  // Joined by llama-gguf-split it is 0.
  if (!(count > 1)) return 1;
  const number = Number(metadata.get("split.no") ?? 0) + 1;
  const ending = (of: number): string => `-${String(of).padStart(5, "0")}-of-${String(count).padStart(5, "0")}.gguf`;
  if (number !== 1) throw new UserError(`${file} is part ${number} of ${count} of a model; give the first part, ${file.endsWith(ending(number)) ? file.slice(0, -ending(number).length) : "…"}${ending(1)}`);
  if (partPaths(file)?.length !== count) throw new UserError(`${file} is the first of ${count} parts of a model, and must be called …${ending(1)}, with the others beside it; give it the name that it had`);
  return count;
}

/**
 * A split model as the file that its parts were made from: the first one's metadata but for what tells of parts, and all
 * tensors in order. That it equals that file byte for byte makes records of both the same.
 *
 * @throws ParseError when they are not the parts of one model, naming the one that is not
 * Source: upstream's tools/gguf-split/gguf-split.cpp.
 */
export function joinParts(parts: readonly Part[]): Joined {
  const [first] = parts as [Part];
  const total = first.header.metadata.get("split.tensors.count");
  parts.forEach((part, index) => refuseOtherPart(part, { index, count: parts.length, total }));
  const owners = new Map<string, string>();
  for (const { path: file, header } of parts) {
    for (const { name } of header.tensors) {
      if (owners.has(name)) throw new ParseError(`${file} is no part of the model of ${first.path}: tensor ${name} is in ${owners.get(name)} already; give parts of one model.`);
      owners.set(name, file);
    }
  }
  if (total !== undefined && owners.size !== total) throw new ParseError(`${first.path} and its other parts have ${owners.size} tensors, where the model has ${String(total)}: they are not of one model, or a part is another's. Download them again.`);

  let offset = 0;
  const tensors = parts.flatMap(({ header }) => header.tensors).map((tensor) => {
    const moved = { ...tensor, offset };
    offset += padded(tensor.bytes, alignment);
    return moved;
  });
  const { content, metadataEnd } = headerBytes(first, tensors);
  const data = parts.flatMap(({ path: file, fileBytes, header: { dataOffset } }): Segment[] => {
    const bytes = Math.max(0, fileBytes - dataOffset);
    const missing = padded(bytes, alignment) - bytes;
    return [{ file, at: dataOffset, bytes }, { content: new Uint8Array(missing), bytes: missing }];
  });
  const metadata = new Map([...first.header.metadata].filter(([key]) => !isOfSplitting(key)));
  return {
    header: { ...first.header, metadata, tensors, metadataEnd, dataOffset: content.length },
    segments: [{ content, bytes: content.length }, ...data.filter(({ bytes }) => bytes > 0)],
    fileBytes: content.length + data.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function isOfSplitting(key: string): boolean {
  return key.startsWith("split.");
}

function refuseOtherPart({ path: file, header }: Part, { index, count, total }: { index: number; count: number; total: unknown }): void {
  const is = { part: Number(header.metadata.get("split.no")) + 1, count: header.metadata.get("split.count"), tensors: header.metadata.get("split.tensors.count") };
  if (is.part !== index + 1 || is.count !== count) throw new ParseError(`${file} says that it is part ${is.part} of ${String(is.count)}, where part ${index + 1} of ${count} is due; give parts of one model, by the names that they had.`);
  if (is.tensors !== total) throw new ParseError(`${file} is part of a model of ${String(is.tensors)} tensors, the first part of one of ${String(total)}: give parts of one model.`);
  if (header.alignment !== alignment) throw new ParseError(`${file} has general.alignment ${header.alignment}; parts are read with ${alignment}. Join them first: llama-gguf-split --merge FIRST-PART.gguf WHOLE.gguf`);
}

/** What the whole file begins with, up to its first tensor. */
function headerBytes({ header: { metadata, spans }, beginning }: Part, tensors: GgufHeader["tensors"]): { content: Buffer; metadataEnd: number } {
  const start = Buffer.from(beginning.subarray(0, 24));
  start.writeBigUInt64LE(BigInt(tensors.length), 8);
  const kept = [...metadata.keys()].filter((key) => !isOfSplitting(key));
  start.writeBigUInt64LE(BigInt(kept.length), 16);
  const fields = kept.map((key) => beginning.subarray(spans.get(key)!.from, spans.get(key)!.to));
  const bytes = Buffer.concat([start, ...fields, ...describeTensors(tensors)]);
  return { content: Buffer.concat([bytes], padded(bytes.length, alignment)), metadataEnd: start.length + fields.reduce((sum, { length }) => sum + length, 0) };
}
