import { open } from "node:fs/promises";
import { expect } from "vitest";
import { UserError } from "../../harness/errors.ts";
import { headerNumbers, type HeaderNumber, type NumberKind } from "./ggufNumbers.ts";
import type { Random } from "./row.ts";

/** What reading something malformed may take at most. */
const most = { milliseconds: 2000, bytes: 300e6 };

/**
 * Reads something malformed, which must end in a typed error that names the file, soon and without taking much memory.
 *
 * @returns its message
 */
export async function refused(file: string, read: () => Promise<unknown>): Promise<string> {
  const start = performance.now();
  const before = process.memoryUsage();
  const peak = { bytes: 0 };
  const watch = setInterval(() => (peak.bytes = Math.max(peak.bytes, taken())), 5);
  const taken = (): number => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external - before.heapUsed - before.external;
  };
  const error: unknown = await read().then(() => undefined, (thrown: unknown) => thrown);
  peak.bytes = Math.max(peak.bytes, taken());
  clearInterval(watch);
  expect(error, `${file} was taken as sound`).toBeInstanceOf(UserError);
  expect((error as Error).message).toContain(file);
  expect(performance.now() - start).toBeLessThan(most.milliseconds);
  expect(peak.bytes).toBeLessThan(most.bytes);
  return (error as Error).message;
}

/** One of several. */
export function oneOf<Item>(items: readonly Item[], random: Random): Item {
  return items[Math.floor(random() * items.length)]!;
}

/** Writes bytes as the beginning of a sparse file of so many bytes. */
export async function writeSparse(file: string, bytes: Uint8Array, size: number): Promise<void> {
  const handle = await open(file, "w");
  try {
    await handle.writeFile(bytes);
    await handle.truncate(size);
  } finally {
    await handle.close();
  }
}

/** Values that a number in a header cannot have, or with which the rest of the file makes no sense. */
function wrongValue({ kind, bytes }: HeaderNumber, value: bigint, random: Random): bigint {
  const most = bytes === 4 ? 2n ** 32n - 1n : 2n ** 64n - 1n;
  const large = [most, most >> 1n, 2n ** 31n, ...(bytes === 8 ? [2n ** 30n, 2n ** 32n + 5n, 2n ** 40n, 2n ** 53n, 2n ** 63n, 5n * 2n ** 30n] : [])];
  // Types of other sizes than F16's and F32's.
  if (kind === "tensor type") return oneOf([2n, 8n, 12n, 24n, 27n, 31n, 43n, ...large.filter((one) => one > 43n)], random);
  if (kind === "value type" || kind === "element type") return oneOf([9n, 13n, 99n, ...large].filter((one) => one !== value), random);
  if (kind === "alignment") return oneOf([0n, 3n, 33n, 1000n, ...large.filter((one) => one !== 2n ** 31n)], random);
  if (kind === "offset") return oneOf([value + 1n, value + 32n, value + 2n ** 20n, ...large], random);
  const near = [value + 1n, value + 1000n, ...(value > 0n ? [value - 1n, 0n] : [])];
  return oneOf([...near, ...large, ...large], random);
}

/** A sound file with one number of its header wrong; each kind as often as the others. */
export function withWrongNumber(sound: Buffer, random: Random): { bytes: Buffer; kind: NumberKind } {
  const { numbers } = headerNumbers(sound);
  const kind = oneOf([...new Set(numbers.map((one) => one.kind))], random);
  const number = oneOf(numbers.filter((one) => one.kind === kind), random);
  const bytes = Buffer.from(sound);
  const value = number.bytes === 4 ? BigInt(bytes.readUInt32LE(number.at)) : bytes.readBigUInt64LE(number.at);
  const wrong = wrongValue(number, value, random);
  if (number.bytes === 4) bytes.writeUInt32LE(Number(wrong), number.at);
  else bytes.writeBigUInt64LE(wrong, number.at);
  return { bytes, kind };
}
