import { cp, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, expect, vi } from "vitest";
import { ensureBuild, studyPrograms } from "../../harness/build/build.ts";
import { readRecord } from "../../harness/build/record.ts";
import { filesIn, makeRealLab, type RealLab, sweepAndReport, tablesOf } from "../support/realLab.ts";
import { faultRow, type Random } from "./row.ts";

let lab: RealLab;
let out: string;
let clean: Record<string, unknown>;
beforeAll(async () => {
  lab = await makeRealLab();
  vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
  out = path.join(lab.folder, "out");
  expect((await sweepAndReport(lab, out)).failed).toEqual([]);
  clean = await tablesOf(out);
});

/** Kinds of files, told by their paths: each is damaged as often as any other. */
async function kinds(): Promise<string[][]> {
  const files = [...(await filesIn(out)).map((name) => path.join(out, name)), ...(await filesIn(lab.cache)).map((name) => path.join(lab.cache, name))];
  const byKind = new Map<string, string[]>();
  for (const file of files) {
    const kind = file.replace(/[0-9a-f]{64}/g, "KEY").replace(/figures\/.*/, "figures");
    byKind.set(kind, [...(byKind.get(kind) ?? []), file]);
  }
  return [...byKind.values()];
}

const any = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)]!;

/** What is removed besides, so that more of what is left is needed again. */
const removals: string[][] = [
  [],
  ["store/evaluate"],
  ["store/quantize", "store/evaluate"],
  ["store/count", "store/compress"],
  ["evaluations"],
];

async function remove(name: string): Promise<void> {
  if (name !== "evaluations") return rm(path.join(out, name), { recursive: true, force: true });
  for (const file of await filesIn(path.join(out, "store", "evaluate"))) {
    if (!file.startsWith("growing")) await rm(path.join(out, "store", "evaluate", file), { force: true });
  }
}

/** A build's folder of the test's own, and what a bit in it is worth. */
async function damageBuild(random: Random): Promise<void> {
  const targets = [...studyPrograms];
  const build = await ensureBuild("patched", { targets });
  const folder = path.join(lab.folder, "build");
  for (const name of ["build.json", ...targets]) await cp(path.join(build.folder, name), path.join(folder, name));
  expect(await readRecord(folder, build.key, targets)).toBeDefined();
  await damage(path.join(folder, any(["build.json", ...targets], random)), random);
  expect(await readRecord(folder, build.key, targets)).toBeUndefined();
}

async function damage(file: string, random: Random): Promise<void> {
  const before = await readFile(file).catch(() => null);
  if (before === null || before.length === 0) return;
  const { atime, mtime } = await stat(file);
  const position = Math.floor(random() * before.length);
  if (random() < 0.5) await truncate(file, position);
  else {
    before[position] = before[position]! ^ (1 << Math.floor(random() * 8));
    await writeFile(file, before);
  }
  // A disk that forgets leaves the times as they were.
  if (random() < 0.5) await utimes(file, atime, mtime);
}

faultRow("a bit flipped or tail cut in what results and cache hold", 200, async (index, random) => {
  // A damaged build is made again; that it is told is enough.
  if (index % 14 === 0) return damageBuild(random);
  const file = any(any(await kinds(), random), random);
  for (const name of any(removals, random)) await remove(name);
  await damage(file, random);
  const { failed } = await sweepAndReport(lab, out).catch((error: Error) => Promise.reject(new Error(`${path.relative(lab.folder, file)}: ${error.message}`)));
  expect(failed).toEqual([]);
  expect(await tablesOf(out), path.relative(lab.folder, file)).toEqual(clean);
});

