import { lstat, mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../writeAtomic.ts";
import { z } from "zod";
import { canonicalJson, hashFile, hashText } from "../hash.ts";
import { seal, unseal } from "../seal.ts";
import { refuseLinks } from "../store/links.ts";
import { resultsStore } from "../store/store.ts";
import { type Report, reportKey } from "./report.ts";

const fileSchema = z.strictObject({ bytes: z.int(), sha256: z.string() });
const keptSchema = z.record(z.string(), z.strictObject({ key: z.string(), files: z.record(z.string(), fileSchema) }));

/** Of each report the key that it was written for, and its files as they were then. */
type Kept = z.infer<typeof keptSchema>;
type Files = Kept[string]["files"];

/** What became of reports. */
export interface KeptReports {
  /** Path of every file written. */
  written: string[];
  /** Those that had nothing new to show. */
  current: Report[];
}

/**
 * Write the reports of a results folder whose key has changed, or whose files are missing or altered. Files that were
 * written for others go, unless somebody altered them; nothing else is ever removed, and nothing is written or removed
 * in a folder of reports that is a link to elsewhere.
 *
 * @param owned beginnings of names: of kept reports that have one, those that are not among `reports` are removed
 * @throws UserError when a part of the store is a link
 * @throws whatever making a report throws; those made before it are kept
 */
export async function keepReports(folder: string, reports: readonly Report[], owned: readonly string[]): Promise<KeptReports> {
  await refuseLinks(folder);
  const before = await readKept(folder);
  const after: Kept = Object.fromEntries(Object.entries(before).filter(([name]) => !owned.some((beginning) => name.startsWith(beginning))));
  const ended: KeptReports = { written: [], current: [] };
  const keepList = async (): Promise<void> => {
    if (canonicalJson(before) !== canonicalJson(after)) await writeAtomic(keptFile(folder), seal(after));
  };
  try {
    for (const report of reports) {
      const key = reportKey(report);
      const kept = before[report.name];
      if (kept?.key === key && (await areIntact(folder, kept.files))) {
        after[report.name] = kept;
        ended.current.push(report);
        continue;
      }
      delete after[report.name];
      const made = await report.make();
      const files: Files = {};
      for (const { name, content } of made) {
        const file = path.join(folder, name);
        if (await liesElsewhere(folder, name)) continue;
        await mkdir(path.dirname(file), { recursive: true });
        // What a power cut leaves of it has another size, and is made again.
        await writeAtomic(file, content, { fsync: false });
        files[name] = { bytes: Buffer.byteLength(content), sha256: hashText(content) };
        ended.written.push(file);
      }
      if (made.length > 0) after[report.name] = { key, files };
    }
    await removeOthers(folder, before, after);
  } catch (error) {
    await keepList().catch(() => undefined);
    throw error;
  }
  await keepList();
  return ended;
}

function keptFile(folder: string): string {
  return path.join(resultsStore(folder), "reports.json");
}

/** Of a damaged file nothing is known: reports are written again then. */
async function readKept(folder: string): Promise<Kept> {
  const text = await readFile(keptFile(folder), "utf8").catch(() => "");
  return keptSchema.safeParse(unseal(text)).data ?? {};
}

/** Whether a file is what was written, of whatever time: a copied folder is as good. */
async function isIntact(file: string, { bytes, sha256 }: Files[string]): Promise<boolean> {
  const status = await lstat(file).catch(() => null);
  return status?.isFile() === true && status.size === bytes && (await hashFile(file)) === sha256;
}

async function areIntact(folder: string, files: Files): Promise<boolean> {
  for (const [name, state] of Object.entries(files)) if (!(await isIntact(path.join(folder, name), state))) return false;
  return true;
}

/** Whether a report's folder is a link: who set it may keep other things there. */
async function liesElsewhere(folder: string, name: string): Promise<boolean> {
  const parent = path.dirname(name);
  if (parent === ".") return false;
  return lstat(path.join(folder, parent)).then((status) => status.isSymbolicLink(), () => false);
}

async function removeOthers(folder: string, before: Kept, after: Kept): Promise<void> {
  const current = new Set(Object.values(after).flatMap(({ files }) => Object.keys(files)));
  for (const [name, state] of Object.values(before).flatMap(({ files }) => Object.entries(files))) {
    const file = path.join(folder, name);
    if (!current.has(name) && !(await liesElsewhere(folder, name)) && (await isIntact(file, state))) await rm(file);
  }
}
