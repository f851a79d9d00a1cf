import { ParseError } from "../errors.ts";
import { HeaderCursor } from "./cursor.ts";
import { elementsOf, tensorTypes } from "./types.ts";

/** A metadata value; 64-bit integers that do not fit a number exactly are bigint. */
export type GgufValue = number | bigint | boolean | string | GgufValue[];

/** One tensor as the header describes it. */
export interface GgufTensor {
  name: string;
  /** Elements per dimension, row length first, as in the file. */
  shape: number[];
  /** Upstream's type name in upper case, such as "Q4_0". */
  type: string;
  /** First byte, counted from the start of the data section. */
  offset: number;
  bytes: number;
  elements: number;
}

/** All that precedes the tensor data. */
export interface GgufHeader {
  version: number;
  metadata: Map<string, GgufValue>;
  /** First byte of each metadata entry, its key's length, and the first behind it. */
  spans: ReadonlyMap<string, { from: number; to: number }>;
  /** In file order. */
  tensors: GgufTensor[];
  /** First byte behind the metadata, where the tensors' descriptions begin. */
  metadataEnd: number;
  /** First byte of the data section, counted from the start of the file. */
  dataOffset: number;
  /** Where a tensor's data may begin: at multiples of so many bytes. */
  alignment: number;
}

const maximumDimensions = 4;
const longestKey = 65535;
/** Upstream's GGML_MAX_NAME with its closing zero. */
const longestTensorName = 63;
const arrayType = 9;
/** Of each metadata type: the least bytes that a value takes. */
const minimumBytes = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8];
const defaultAlignment = 32;

/**
 * Parses the header of a GGUF file of version 2 or 3, little endian.
 * @param bytes the beginning of the file
 * @param fileBytes size of the whole file, so that impossible lengths are recognised before anything of them is kept
 * @throws HeaderIncomplete when `bytes` ends too early
 * @throws ParseError when it is not such a header; the message names field and place, not the file
 * Source: docs in upstream's ggml/include/gguf.h, `gguf_init_from_reader`.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number): GgufHeader {
  if (fileBytes < 4 || Buffer.from(bytes.subarray(0, 4)).toString("latin1") !== "GGUF")
    throw new ParseError("is not a GGUF file: it does not begin with the letters GGUF");
  const cursor = new HeaderCursor(bytes, fileBytes);
  cursor.take(4);
  const version = cursor.unsigned32();
  if (version !== 2 && version !== 3)
    throw new ParseError(`has GGUF version ${version}; versions 2 and 3, little endian, are read. Convert the model again with upstream's converter`);
  cursor.field = "the number of tensors";
  const tensorCount = cursor.count("tensors", 24);
  cursor.field = "the number of metadata values";
  const metadataCount = cursor.count("metadata values", 13);
  const { metadata, spans } = readMetadata(cursor, metadataCount);
  const alignment = metadata.get("general.alignment") ?? defaultAlignment;
  if (typeof alignment !== "number" || !(alignment >= 1 && alignment <= 2 ** 31) || !Number.isInteger(Math.log2(alignment)))
    throw new ParseError(`is damaged: general.alignment is ${String(alignment)}, not a power of two`);
  const metadataEnd = cursor.position;
  const tensors = readTensors(cursor, tensorCount, alignment, fileBytes);
  return { version, metadata, spans, tensors, metadataEnd, dataOffset: padded(cursor.position, alignment), alignment };
}

/** The next multiple of the alignment. */
export function padded(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

function readMetadata(cursor: HeaderCursor, count: number): Pick<GgufHeader, "metadata" | "spans"> {
  const metadata = new Map<string, GgufValue>();
  const spans = new Map<string, { from: number; to: number }>();
  for (let index = 0; index < count; index++) {
    const from = cursor.position;
    cursor.field = `the key of metadata value ${index + 1}`;
    const key = cursor.name(longestKey);
    cursor.field = `metadata value ${JSON.stringify(key)}`;
    if (metadata.has(key)) throw cursor.damaged("is there twice");
    metadata.set(key, readValue(cursor, cursor.unsigned32()));
    spans.set(key, { from, to: cursor.position });
  }
  return { metadata, spans };
}

function readValue(cursor: HeaderCursor, type: number): GgufValue {
  switch (type) {
    case 0: return cursor.unsigned8();
    case 1: return cursor.signed8();
    case 2: return cursor.unsigned16();
    case 3: return cursor.signed16();
    case 4: return cursor.unsigned32();
    case 5: return cursor.signed32();
    case 6: return cursor.float32();
    case 7: return cursor.unsigned8() !== 0;
    case 8: return cursor.text();
    case arrayType: return readArray(cursor);
    case 10: return cursor.integer64(false);
    case 11: return cursor.integer64(true);
    case 12: return cursor.float64();
    default: throw cursor.damaged(`is of the unknown type ${type}`);
  }
}

function readArray(cursor: HeaderCursor): GgufValue[] {
  const type = cursor.unsigned32();
  if (type === arrayType) throw cursor.damaged("is an array of arrays, which upstream does not read either");
  const bytesEach = minimumBytes[type];
  if (bytesEach === undefined) throw cursor.damaged(`is an array of the unknown type ${type}`);
  return Array.from({ length: cursor.elements(bytesEach) }, () => readValue(cursor, type));
}

function readTensors(cursor: HeaderCursor, count: number, alignment: number, fileBytes: number): GgufTensor[] {
  const names = new Set<string>();
  let due = 0;
  return Array.from({ length: count }, (_, index): GgufTensor => {
    cursor.field = `the name of tensor ${index + 1}`;
    const name = cursor.name(longestTensorName);
    cursor.field = `tensor ${JSON.stringify(name)}`;
    if (names.has(name)) throw cursor.damaged("is there twice");
    names.add(name);
    const tensor = { name, ...readShape(cursor, fileBytes) };
    const at = cursor.position;
    const offset = cursor.integer64(false);
    // As upstream reads it: one tensor behind the other, so that none overlap.
    if (offset !== due) throw cursor.damaged(`has its data at offset ${offset} where ${due} is due`, at);
    due += padded(tensor.bytes, alignment);
    return { ...tensor, offset };
  });
}

function readShape(cursor: HeaderCursor, fileBytes: number): Omit<GgufTensor, "name" | "offset"> {
  const at = cursor.position;
  const dimensions = cursor.unsigned32();
  if (dimensions > maximumDimensions) throw cursor.damaged(`has ${dimensions} dimensions`, at);
  const shape = Array.from({ length: dimensions }, () => Number(cursor.integer64(false)));
  const typeNumber = cursor.unsigned32();
  const type = tensorTypes.get(typeNumber);
  if (!type) throw cursor.damaged(`is of the unknown type ${typeNumber}`);
  if (shape.includes(0)) throw cursor.damaged(`has no elements: ${shape.join(" × ")}`, at);
  const elements = elementsOf(shape);
  const bytes = (elements / type.blockElements) * type.blockBytes;
  // Before anything is computed of a number that is not exact.
  if (!(bytes <= fileBytes)) throw cursor.damaged(`has ${shape.join(" × ")} elements of ${type.name}, more than there can be in ${fileBytes} bytes; it may be truncated`, at);
  if ((shape[0] ?? 1) % type.blockElements !== 0) throw cursor.damaged(`has rows of ${shape[0]} elements, not a multiple of ${type.blockElements} as ${type.name} needs`, at);
  return { shape, type: type.name, elements, bytes };
}
