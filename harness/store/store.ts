import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { replaceFile, writeAtomic } from "../writeAtomic.ts";
import { z } from "zod";
import { hashText } from "../hash.ts";
import { keepJson, keptJson } from "../json.ts";
import { cacheFolder, cacheIsWritable } from "../paths.ts";
import { readText } from "../readText.ts";
import { contentHash } from "./contentHash.ts";
import { openRecord, sealRecord, type StepRecord } from "./record.ts";
import { sealOf } from "../seal.ts";

const failureSchema = z.strictObject({ reason: z.string(), date: z.iso.datetime() });

/** Why a step has no record although it was run. */
export type Failure = z.infer<typeof failureSchema>;

/** A folder of step records: a results folder's `store`, or the cache's, for what results folders share. */
export type Store = string;

/** The store of a results folder. */
export function resultsStore(results: string): Store {
  return path.join(results, "store");
}

/** The store of what any results folder may need, and what can be made again. */
export function cacheStore(): Store {
  return path.join(cacheFolder(), "store");
}

/**
 * Where what results folders share is kept, and where else it may lie: the cache's store, or where that cannot be written
 * the store of the results at hand.
 */
export function sharedStores(results: string): [Store, ...Store[]] {
  return cacheIsWritable() ? [cacheStore(), resultsStore(results)] : [resultsStore(results), cacheStore()];
}

/** Folder of one step of that key. */
export function stepFolder(store: Store, step: string, key: string): string {
  return path.join(store, step, key);
}

/** The file of one step that grows from one run to the next; the key is that of what it belongs to, however far it goes. */
export function growingFile(store: Store, step: string, key: string): string {
  return path.join(store, step, "growing", key);
}

/** Files beside a record that are read whenever the record is; larger ones when they are used. */
const smallBytes = 1 << 24;

/** A record with the checksum of all that it says. */
export interface StoredRecord {
  record: StepRecord;
  sha256: string;
}

/** A step's record as {@link readStored} finds it, without its checksum. */
export async function readRecord(store: Store, step: string, key: string): Promise<StepRecord | null> {
  return (await readStored(store, step, key))?.record ?? null;
}

/**
 * A step's record.
 *
 * @returns null when there is none, or it or a file beside it is not as it was written
 */
export async function readStored(store: Store, step: string, key: string): Promise<StoredRecord | null> {
  const text = await readText(path.join(stepFolder(store, step, key), "record.json")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
    throw error;
  });
  const record = text === null ? null : openRecord(text, key);
  if (text === null || !record) return null;
  for (const [role, { kept, bytes, sha256 }] of Object.entries(record.files)) {
    if (!kept || bytes > smallBytes) continue;
    const content = await readFile(path.join(stepFolder(store, step, key), role)).catch(() => null);
    if (content === null || hashText(content) !== sha256) return null;
  }
  return { record, sha256: sealOf(text) };
}

/**
 * Path of a file that a step gave.
 *
 * @param folder where it lies
 * @returns null when it is missing or not what the step gave
 */
export async function keptFile(folder: string, role: string, { files }: Pick<StepRecord, "files">): Promise<string | null> {
  const file = path.join(folder, role);
  const expected = files[role];
  const bytes = await stat(file).then(({ size }) => size, () => -1);
  if (!expected || bytes !== expected.bytes) return null;
  const found = await contentHash(file).catch((error: NodeJS.ErrnoException) => {
    // Another step of the job has found it damaged, and removed it.
    if (error.code === "ENOENT") return null;
    throw error;
  });
  return found === expected.sha256 ? file : null;
}

/**
 * Keep a step: its files first, its record last and atomically, so that a folder without a valid record is one that
 * was interrupted.
 *
 * @param files files to keep beside the record, by the name that they get; moved there
 */
export async function writeRecord(store: Store, record: StepRecord, files: Record<string, string>): Promise<void> {
  const folder = stepFolder(store, record.inputs.step, record.key);
  await rm(folder, { recursive: true, force: true });
  await moveAll(files, folder);
  await writeAtomic(path.join(folder, "record.json"), sealRecord(record));
}

/**
 * Keep why a step failed, and what it printed. It is run again by the next sweep.
 *
 * @param logs files to keep, by the name that they get
 */
export async function writeFailure(store: Store, step: string, key: string, reason: string, logs: Record<string, string>): Promise<void> {
  const folder = stepFolder(store, step, key);
  // Where keeping its record failed, its logs are there already.
  for (const name of await readdir(folder).catch(() => [])) if (!(name in logs)) await rm(path.join(folder, name), { recursive: true, force: true });
  for (const [name, log] of Object.entries(logs)) if (await stat(log).catch(() => null)) await move(log, path.join(folder, name));
  await mkdir(folder, { recursive: true });
  const failure: Failure = { reason, date: new Date().toISOString() };
  await keepJson(path.join(folder, "failure.json"), failure);
}

/** Why a step failed when it was last run; null when it did not, or the file is damaged. */
export async function readFailure(store: Store, step: string, key: string): Promise<Failure | null> {
  return keptJson(path.join(stepFolder(store, step, key), "failure.json"), failureSchema);
}

async function moveAll(files: Record<string, string>, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, source] of Object.entries(files)) await move(source, path.join(folder, name));
}

/** Moves a file, also to another file system. */
export async function move(source: string, target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  try {
    await rename(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    await replaceFile(target, (partial) => copyFile(source, partial));
    await rm(source);
  }
}
