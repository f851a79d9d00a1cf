import { readdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { inBatches } from "../batches.ts";
import { canonicalJson, hashText } from "../hash.ts";
import { keepJson, keptJson } from "../json.ts";
import { cacheFolder, cacheIsWritable } from "../paths.ts";
import { trimFolder } from "../trim.ts";

const rateSchema = z.strictObject({
  /** A step's name, or `build`, `fit`, `harness`. */
  of: z.string(),
  /** What its time depends on besides, such as the type that is quantized to. */
  kind: z.string(),
  /** How much was done, in units of `of`'s own, such as weights times tokens. */
  work: z.number().nonnegative(),
  /** Null of what a device computes: that does not go with them. */
  threads: z.int().nullable(),
  /** The backend and the device that it was done on; absent for this processor's own build. */
  on: z.string().optional(),
  /** Processor and how many of them. */
  machine: z.string(),
  /** Wall times of the latest runs, the newest last. */
  seconds: z.array(z.number().nonnegative()).min(1),
});

/** How long something took on a machine. */
export type Rate = z.infer<typeof rateSchema>;

/** What is told of a run. */
export type RateOf = Omit<Rate, "machine" | "seconds">;

/** Runs that are remembered of the same work. */
const latest = 5;
/** Bytes of all that is remembered. */
const mostBytes = 4e6;

/** This machine, as far as speed goes. */
export function thisMachine(): string {
  return `${os.cpus()[0]?.model ?? "unknown"}, ${os.availableParallelism()} processors`;
}

/** Remembers in the cache how long something took. Two that do so at once may lose one; where it cannot be written, nothing is. */
export async function keepRate(rate: RateOf, seconds: number): Promise<void> {
  if (!cacheIsWritable()) return;
  const machine = thisMachine();
  const file = path.join(folder(), `${hashText(canonicalJson({ ...rate, machine }))}.json`);
  const before = (await keptJson(file, rateSchema))?.seconds ?? [];
  await keepJson(file, { ...rate, machine, seconds: [...before, seconds].slice(-latest) }).catch(() => undefined);
  if (before.length === 0) await trimFolder(folder(), mostBytes);
}

/** What is remembered of this machine. */
export async function readRates(): Promise<Rate[]> {
  return (await readRatesByMachine()).get(thisMachine()) ?? [];
}

/** What is remembered of all machines that share the cache. */
export async function readRatesByMachine(): Promise<Map<string, Rate[]>> {
  const names = await readdir(folder()).catch(() => []);
  const machines = new Map<string, Rate[]>();
  for (const rate of await inBatches(names, (name) => keptJson(path.join(folder(), name), rateSchema))) {
    if (rate) machines.set(rate.machine, [...(machines.get(rate.machine) ?? []), rate]);
  }
  return machines;
}

function folder(): string {
  return path.join(cacheFolder(), "rates");
}
