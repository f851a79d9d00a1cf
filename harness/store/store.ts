import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { hashFile } from "../hash.ts";
import { keptJson } from "../json.ts";
import { recordFormat } from "./key.ts";
import { type CellRecord, openRecord, recordSchema, sealRecord } from "./record.ts";

const recordName = "record.json";
const failureName = "failure.json";

const failureSchema = z.strictObject({ reason: z.string(), date: z.iso.datetime() });

/** Why a cell has no record although it was run. */
type Failure = z.infer<typeof failureSchema>;

/** Folder that holds the store of a results folder. */
export function storeFolder(results: string): string {
  return path.join(results, "store");
}

/** Folder of one cell in the store of a results folder. */
export function cellFolder(results: string, key: string): string {
  return path.join(storeFolder(results), key);
}

/**
 * A cell's record.
 *
 * @param results the results folder
 * @returns null when there is none, or it or one of the cell's files is not as it was written
 */
export async function readRecord(results: string, key: string): Promise<CellRecord | null> {
  const folder = cellFolder(results, key);
  const text = await readText(path.join(folder, recordName));
  const record = text === null ? null : openRecord(text, key);
  if (!record) return null;
  for (const [name, expected] of Object.entries(record.files)) {
    const hash = await hashFile(path.join(folder, name)).catch(() => null);
    if (hash !== expected) return null;
  }
  return record;
}

/**
 * Keep a cell: its files first, its record last and atomically, so that a folder without a valid
 * record is one that was interrupted.
 *
 * @param record the record without the checksums of its files
 * @param files files to keep, by the name they get in the cell's folder; copied
 */
export async function writeRecord(
  results: string,
  record: Omit<CellRecord, "files" | "format">,
  files: Record<string, string>,
): Promise<CellRecord> {
  const folder = cellFolder(results, record.key);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const hashes: Record<string, string> = {};
  for (const [name, source] of Object.entries(files)) {
    await copyFile(source, path.join(folder, name));
    hashes[name] = await hashFile(path.join(folder, name));
  }
  const whole = recordSchema.parse({ format: recordFormat, ...record, files: hashes });
  await writeFileAtomic(path.join(folder, recordName), sealRecord(whole));
  return whole;
}

/**
 * Keep why a cell failed, and what its steps printed. The cell is run again by the next sweep.
 *
 * @param files logs to keep, by the name they get; missing ones are left out
 */
export async function writeFailure(results: string, key: string, reason: string, files: Record<string, string>): Promise<void> {
  const folder = cellFolder(results, key);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, source] of Object.entries(files)) {
    await copyFile(source, path.join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
  const failure: Failure = { reason, date: new Date().toISOString() };
  await writeFileAtomic(path.join(folder, failureName), `${JSON.stringify(failure, null, 1)}\n`);
}

/** Why a cell failed when it was last run; null when it did not, or the file is damaged. */
export async function readFailure(results: string, key: string): Promise<Failure | null> {
  return keptJson(path.join(cellFolder(results, key), failureName), failureSchema);
}

async function readText(file: string): Promise<string | null> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
    throw error;
  });
}
