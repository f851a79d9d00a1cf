import { ParseError } from "../errors.ts";

/** The bytes given end before the header does. */
export class HeaderIncomplete extends Error {
  override name = "HeaderIncomplete";
}

/**
 * Largest header that is read: a vocabulary of 256 thousand tokens with its merges has less than 20 MiB. A damaged length
 * would else ask for as much memory as the file has bytes.
 */
const largestHeader = 1 << 26;

/** Most elements of an array: eight times the largest vocabulary. */
const mostElements = 1 << 22;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a header's numbers and texts one after the other. What it says of a fault names the field and where it begins. */
export class HeaderCursor {
  /** Bytes read so far. */
  position = 0;
  /** What is being read, for messages. */
  field = "the beginning";
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fileBytes: number;

  /**
   * @param bytes the beginning of the file
   * @param fileBytes size of the whole file
   */
  constructor(bytes: Uint8Array, fileBytes: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fileBytes = fileBytes;
  }

  /** The fault that something about the field is wrong. */
  damaged(what: string, at = this.position): ParseError {
    return new ParseError(`is damaged: ${this.field}, at byte ${at}, ${what}`);
  }

  /** Steps over bytes. @returns where they begin. @throws HeaderIncomplete, ParseError */
  take(count: number): number {
    const end = this.position + count;
    if (end > this.#fileBytes) throw new ParseError(`is truncated: it ends at byte ${this.#fileBytes}, within ${this.field}`);
    if (end > largestHeader) throw this.damaged(`goes beyond ${largestHeader} bytes, which no header has`);
    if (end > this.#bytes.length) throw new HeaderIncomplete();
    this.position = end;
    return end - count;
  }

  unsigned8(): number { return this.#view.getUint8(this.take(1)); }
  signed8(): number { return this.#view.getInt8(this.take(1)); }
  unsigned16(): number { return this.#view.getUint16(this.take(2), true); }
  signed16(): number { return this.#view.getInt16(this.take(2), true); }
  unsigned32(): number { return this.#view.getUint32(this.take(4), true); }
  signed32(): number { return this.#view.getInt32(this.take(4), true); }
  float32(): number { return this.#view.getFloat32(this.take(4), true); }
  float64(): number { return this.#view.getFloat64(this.take(8), true); }

  /** A number where it is exact, else a bigint. */
  integer64(signed: boolean): number | bigint {
    const at = this.take(8);
    const value = signed ? this.#view.getBigInt64(at, true) : this.#view.getBigUint64(at, true);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** A count of things of which each takes so many bytes at least. @throws ParseError when they cannot all be in what follows */
  count(things: string, bytesEach: number, most = Infinity): number {
    const at = this.position;
    const value = this.integer64(false);
    const left = Math.min(this.#fileBytes, largestHeader) - this.position;
    if (typeof value === "bigint" || value > most || value * bytesEach > left)
      throw this.damaged(`has ${value} ${things}, more than there can be${this.#fileBytes < largestHeader ? ` in ${this.#fileBytes} bytes; it may be truncated` : ""}`, at);
    return value;
  }

  elements(bytesEach: number): number {
    return this.count("elements", bytesEach, mostElements);
  }

  /** A text as it is; what is no UTF-8 in it, as in some vocabularies' tokens, becomes U+FFFD. */
  text(): string {
    const length = this.count("characters", 1);
    const at = this.take(length);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + at, length).toString("utf8");
  }

  /** A text by which something is found: UTF-8, not empty, of at most so many bytes. */
  name(most: number): string {
    const start = this.position;
    const length = this.count("characters", 1, most);
    const at = this.take(length);
    if (length === 0) throw this.damaged("is empty", start);
    try {
      return strictUtf8.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw this.damaged("is not UTF-8", start);
    }
  }
}
