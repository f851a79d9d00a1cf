/** What a number in a GGUF header says. */
export type NumberKind =
  | "tensor count" | "value count" | "key length" | "value type" | "text length" | "element type" | "array length" | "alignment"
  | "name length" | "dimensions" | "size" | "tensor type" | "offset";

/** A number in a GGUF header, and where it lies. */
export interface HeaderNumber {
  kind: NumberKind;
  at: number;
  bytes: 4 | 8;
}

const widths: Record<number, number> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };

/** Every number of a sound file's header that decides how the rest is read, found by an own walk through it. */
export function headerNumbers(bytes: Buffer): { numbers: HeaderNumber[]; end: number } {
  const numbers: HeaderNumber[] = [];
  let at = 8;
  const number = (kind: NumberKind, width: 4 | 8): number => {
    numbers.push({ kind, at, bytes: width });
    const value = width === 4 ? bytes.readUInt32LE(at) : Number(bytes.readBigUInt64LE(at));
    at += width;
    return value;
  };
  const text = (kind: NumberKind): string => {
    const length = number(kind, 8);
    at += length;
    return bytes.toString("utf8", at - length, at);
  };
  const scalar = (type: number): void => {
    if (type === 8) text("text length");
    else at += widths[type]!;
  };
  const tensors = number("tensor count", 8);
  const values = number("value count", 8);
  for (let index = 0; index < values; index++) {
    const key = text("key length");
    const type = number("value type", 4);
    if (key === "general.alignment") number("alignment", 4);
    else if (type !== 9) scalar(type);
    else {
      const of = number("element type", 4);
      for (let left = number("array length", 8); left > 0; left--) scalar(of);
    }
  }
  for (let index = 0; index < tensors; index++) {
    text("name length");
    for (let left = number("dimensions", 4); left > 0; left--) number("size", 8);
    number("tensor type", 4);
    number("offset", 8);
  }
  return { numbers, end: at };
}
