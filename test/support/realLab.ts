import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "csv-parse/sync";
import { expect } from "vitest";
import { cacheFolder } from "../../harness/paths.ts";
import { loadResults } from "../../harness/report/load.ts";
import { writeReports } from "../../harness/report/reports.ts";
import type { SweepRequest } from "../../harness/sweep/request.ts";
import { sweep, type SweepResult } from "../../harness/sweep/sweep.ts";
import { lastingTemporaryFolder } from "./temporary.ts";

/** A study of three small cells that uses every kind of file that results and cache hold. */
const study = `name: lab
context: 32
batch: 64
chunks: 4
kl_divergence: true
imatrix: { text: demo, chunks: 2 }
cells:
  - { name: f16, type: F16 }
  - { name: iq4, type: IQ4_NL, imatrix: true }
  - { name: fitted, type: Q4_0, container: packed, table: { fit: { method: lloyd-max, weights: histogram } }, encode: nearest }
`;

/** Real sweeps of the demo model, in folders of a test's own. */
export interface RealLab {
  folder: string;
  study: string;
  /** A cache of its own, with the real one's binaries. */
  cache: string;
}

/** Where binaries are: the cache when the first lab was made. */
let realCache: string | undefined;

/** Makes a lab in a folder, a new one by default. */
export async function makeRealLab(folder?: string): Promise<RealLab> {
  realCache ??= cacheFolder();
  const lab = folder ?? (await lastingTemporaryFolder());
  const [file, cache] = [path.join(lab, "lab.yaml"), path.join(lab, "cache")];
  await mkdir(cache, { recursive: true });
  await writeFile(file, study);
  for (const name of ["binaries", "sources", "texts"]) await symlink(path.join(realCache, name), path.join(cache, name));
  return { folder: lab, study: file, cache };
}

/** Runs the lab's study in this process, and makes its tables. */
export async function sweepAndReport(lab: RealLab, out: string, request: Partial<SweepRequest> = {}): Promise<SweepResult> {
  const ended = await sweep({ study: lab.study, out, threads: 2, ...request }, () => undefined, new AbortController().signal);
  await writeReports(await loadResults(out));
  return ended;
}

const timings = ["quantize_s", "perplexity_s", "tokens_per_s"];

/** Every table and histogram of a results folder, timings aside. */
export async function tablesOf(out: string): Promise<Record<string, unknown>> {
  const tables: Record<string, unknown> = {};
  for (const name of (await readdir(out)).filter((one) => one.endsWith(".csv"))) {
    const rows = parse(await readFile(path.join(out, name), "utf8"), { columns: true }) as Record<string, string>[];
    tables[name] = rows.filter(({ quantity }) => quantity !== "tokens per second").map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => !timings.includes(column))));
  }
  for (const name of await readdir(path.join(out, "histograms")).catch(() => [])) tables[name] = await readFile(path.join(out, "histograms", name), "utf8");
  expect(Object.keys(tables).length).toBeGreaterThan(9);
  return tables;
}

/** Paths, from `root`, of all files in it; links are not followed. */
export async function filesIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.relative(root, path.join(entry.parentPath, entry.name))).sort();
}

/** What processes that have ended left behind in results and cache: scratch folders, claims, halves of files. */
export async function leftBehind(lab: RealLab, out: string): Promise<string[]> {
  const folders = [path.join(lab.cache, "scratch"), path.join(lab.cache, "store", "claims"), path.join(out, "store", "claims")];
  const names = (await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])))).flat();
  const partial = (await Promise.all([out, lab.cache].map((folder) => filesIn(folder)))).flat().filter((name) => name.endsWith(".partial"));
  return [...names, ...partial];
}
