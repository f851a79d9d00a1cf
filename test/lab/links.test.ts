import { cp, mkdir, readdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { loadResults } from "../../harness/report/load.ts";
import { writeReports } from "../../harness/report/reports.ts";
import { refuseLinks } from "../../harness/store/links.ts";
import { makeLab, type SweepLab } from "../support/sweepLab.ts";
import { lastingTemporaryFolder, temporaryFolder } from "../support/temporary.ts";

let cache = "";
let finished: SweepLab;
beforeAll(async () => {
  vi.stubEnv("QUANTFLEX_CACHE", (cache = await lastingTemporaryFolder()));
  finished = await makeLab(await lastingTemporaryFolder());
  await finished.run();
  await report(finished);
});
beforeEach(() => void vi.stubEnv("QUANTFLEX_CACHE", cache));

/** A lab with a results folder of its own, in which all is done and reported. */
async function finishedLab(): Promise<SweepLab> {
  const lab = await makeLab();
  await cp(finished.out, lab.out, { recursive: true });
  return lab;
}

/** A part of a results folder as a link to somebody's folder, which holds a file by each name that the part had. */
async function linkElsewhere(lab: SweepLab, part: string): Promise<string> {
  const elsewhere = await temporaryFolder();
  for (const entry of await readdir(path.join(lab.out, part), { withFileTypes: true })) {
    if (entry.isDirectory()) await mkdir(path.join(elsewhere, entry.name));
    await writeFile(path.join(elsewhere, entry.name, ...(entry.isDirectory() ? ["record.json"] : [])), "somebody's");
  }
  await rename(path.join(lab.out, part), path.join(await temporaryFolder(), "moved"));
  await symlink(elsewhere, path.join(lab.out, part));
  return elsewhere;
}

async function contents(folder: string): Promise<[string, string][]> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return Promise.all(entries.map(async (entry) => [entry.name, await readFile(path.join(entry.parentPath, entry.name), "utf8")]));
}

async function report(lab: SweepLab): Promise<void> {
  await writeReports(await loadResults(lab.out));
}

it.each(["store", "store/evaluate", "store/evaluate/growing", "store/jobs", "store/count"])("a results folder whose %s is a link is refused, and nothing there is touched", async (part) => {
  const lab = await finishedLab();
  const elsewhere = await linkElsewhere(lab, part);
  const before = await contents(elsewhere);
  expect(before.length).toBeGreaterThan(0);
  await expect(lab.run({ chunks: 1 })).rejects.toThrow(new RegExp(`${part} is a link`));
  await expect(refuseLinks(lab.out)).rejects.toThrow(/is a link/);
  expect(await contents(elsewhere)).toEqual(before);
});

it.each(["figures"])("a results folder whose %s is a link gets everything else, and nothing there is touched", async (part) => {
  const lab = await finishedLab();
  const elsewhere = await linkElsewhere(lab, part);
  const before = await contents(elsewhere);
  await lab.run({ only: "b", chunks: 1 });
  await report(lab);
  expect(await contents(elsewhere)).toEqual(before);
});

it("a table that is a link is replaced, what it led to stays, and the results folder itself may be a link", async () => {
  const lab = await finishedLab();
  const mine = path.join(await temporaryFolder(), "mine.csv");
  const table = path.join(lab.out, "cells.csv");
  await rename(table, mine);
  await symlink(mine, table);
  await writeFile(mine, "mine");
  const folder = path.join(await temporaryFolder(), "link");
  await symlink(lab.out, folder);
  await lab.run({ out: folder });
  await writeReports(await loadResults(folder));
  expect(await readFile(mine, "utf8")).toBe("mine");
  expect(await readFile(table, "utf8")).toMatch(/^cell,/);
});
