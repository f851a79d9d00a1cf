import { ParseError } from "../errors.ts";
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
  /** In file order. */
  tensors: GgufTensor[];
  /** First byte of the data section, counted from the start of the file. */
  dataOffset: number;
}

/** The bytes given end before the header does. */
export class HeaderIncomplete extends Error {
  override name = "HeaderIncomplete";
}

const maximumDimensions = 4;
const arrayType = 9;
const minimumBytes = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8];

/**
 * Parses the header of a GGUF file of version 2 or 3, little endian.
 * @param bytes the beginning of the file
 * @param fileBytes size of the whole file, so that impossible counts are recognised early
 * @throws HeaderIncomplete when `bytes` ends too early
 * @throws ParseError when it is not such a header; the message does not name the file
 * Source: docs in upstream's ggml/include/gguf.h, `gguf_init_from_file_impl`.
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number): GgufHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;

  function take(count: number): number {
    if (position + count > fileBytes) throw new ParseError("is truncated: its header does not end");
    if (position + count > bytes.length) throw new HeaderIncomplete();
    position += count;
    return position - count;
  }
  function integer64(signed: boolean): number | bigint {
    const at = take(8);
    const value = signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  function count(what: string, bytesEach: number): number {
    const value = integer64(false);
    if (typeof value === "bigint" || value * bytesEach > fileBytes)
      throw new ParseError(`is damaged or truncated: ${value} ${what} cannot be in ${fileBytes} bytes`);
    return value;
  }
  function text(): string {
    const length = count("characters", 1);
    const at = take(length);
    return Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString("utf8");
  }
  function value(type: number, depth = 0): GgufValue {
    switch (type) {
      case 0: return view.getUint8(take(1));
      case 1: return view.getInt8(take(1));
      case 2: return view.getUint16(take(2), true);
      case 3: return view.getInt16(take(2), true);
      case 4: return view.getUint32(take(4), true);
      case 5: return view.getInt32(take(4), true);
      case 6: return view.getFloat32(take(4), true);
      case 7: return view.getUint8(take(1)) !== 0;
      case 8: return text();
      case arrayType: {
        if (depth > 0) throw new ParseError("has an array of arrays, which upstream does not read either");
        const elementType = view.getUint32(take(4), true);
        const length = count("array elements", minimumBytes[elementType] ?? 1);
        return Array.from({ length }, () => value(elementType, depth + 1));
      }
      case 10: return integer64(false);
      case 11: return integer64(true);
      case 12: return view.getFloat64(take(8), true);
      default: throw new ParseError(`has a metadata value of unknown type ${type}`);
    }
  }

  if (fileBytes < 4 || Buffer.from(bytes.subarray(0, 4)).toString("latin1") !== "GGUF")
    throw new ParseError("is not a GGUF file: it does not begin with the letters GGUF");
  position = 4;
  const version = view.getUint32(take(4), true);
  if (version !== 2 && version !== 3)
    throw new ParseError(`has GGUF version ${version}; versions 2 and 3, little endian, are read. Convert the model again with upstream's converter`);
  const tensorCount = count("tensors", 24);
  const metadataCount = count("metadata values", 13);

  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < metadataCount; index++) {
    const key = text();
    if (metadata.has(key)) throw new ParseError(`has the metadata key ${key} twice`);
    metadata.set(key, value(view.getUint32(take(4), true)));
  }
  const names = new Set<string>();
  const tensors = Array.from({ length: tensorCount }, (): GgufTensor => {
    const name = text();
    if (names.has(name)) throw new ParseError(`has the tensor ${name} twice`);
    names.add(name);
    const dimensions = view.getUint32(take(4), true);
    if (dimensions > maximumDimensions) throw new ParseError(`is damaged: tensor ${name} has ${dimensions} dimensions`);
    const shape = Array.from({ length: dimensions }, () => Number(integer64(false)));
    const typeNumber = view.getUint32(take(4), true);
    const type = tensorTypes.get(typeNumber);
    if (!type) throw new ParseError(`has tensor ${name} of the unknown type ${typeNumber}`);
    const offset = Number(integer64(false));
    const elements = elementsOf(shape);
    if ((shape[0] ?? 1) % type.blockElements !== 0)
      throw new ParseError(`is damaged: rows of tensor ${name} have ${shape[0]} elements, not a multiple of ${type.blockElements} as ${type.name} needs`);
    return { name, shape, type: type.name, offset, elements, bytes: (elements / type.blockElements) * type.blockBytes };
  });
  const alignment = Number(metadata.get("general.alignment") ?? 32);
  if (!(Number.isInteger(alignment) && alignment > 0)) throw new ParseError("is damaged: general.alignment is not a positive integer");
  return { version, metadata, tensors, dataOffset: Math.ceil(position / alignment) * alignment };
}
