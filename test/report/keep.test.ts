import { mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { keepReports } from "../../harness/report/keep.ts";
import { loadResults } from "../../harness/report/load.ts";
import type { Report } from "../../harness/report/report.ts";
import { writeReports } from "../../harness/report/reports.ts";
import { resultsStore, writeRecord } from "../../harness/store/store.ts";
import { lastingTemporaryFolder, temporaryFolder } from "../support/temporary.ts";
import { fixtureResults, writeFixture } from "./fixture.ts";

describe("the reports of a results folder", () => {
  let folder = "";
  const write = async (): Promise<string[]> => (await writeReports(await loadResults(folder))).written.map((file) => path.relative(folder, file));
  const times = async (): Promise<Record<string, number>> => {
    const names = (await readdir(folder, { recursive: true })).filter((name) => !name.startsWith("store"));
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await stat(path.join(folder, name))).mtimeMs] as const)));
  };

  beforeAll(async () => {
    folder = await lastingTemporaryFolder();
    await writeFixture(folder);
    await write();
  });

  it("are not written again while they show the same", async () => {
    const before = await times();
    expect(Object.keys(before)).toContain("report.html");
    const kept = await readFile(path.join(resultsStore(folder), "reports.json"));
    const results = await loadResults(folder);
    const { written, current } = await writeReports(results);
    expect(written).toEqual([]);
    expect(current.map(({ name }) => name)).toEqual(expect.arrayContaining(["cells.csv", "figures/figure-3.1.1", "manifest.json", "report.html"]));
    expect(await times()).toEqual(before);
    expect(await readFile(path.join(resultsStore(folder), "reports.json"))).toEqual(kept);
  });

  it("are written when a record changed that they show, and no others", async () => {
    const record = fixtureResults().cells.find(({ cell }) => cell.name === "q4_1")!.record!.steps.get("compress");
    expect(record).toBeUndefined();
    const counted = fixtureResults().cells.find(({ cell }) => cell.name === "q4_1")!.record!.steps.get("count")!;
    const file = counted.result["file"] as object;
    await writeRecord(resultsStore(folder), { ...counted, result: { ...counted.result, file: { ...file, bytes: 21_000 } } }, {});
    // Its codes were not counted: no figure shows the size of the file.
    expect(await write()).toEqual(["cells.csv", "codes.csv", "zero_runs.csv", "tensors.csv", "compression.csv", "tests.csv", "four_bits.csv", "thesis.csv", "manifest.json", "report.html"]);
    expect(await readFile(path.join(folder, "cells.csv"), "utf8")).toMatch(/^q4_1,.*,21000,/m);
    await writeRecord(resultsStore(folder), counted, {});
    await write();
  });

  it("are written again when they are gone or were altered", async () => {
    const [table, figure, page] = ["chunks.csv", "figures/entropy.png", "report.html"].map((name) => path.join(folder, name)) as [string, string, string];
    const before = await Promise.all([table, figure, page].map((file) => readFile(file)));
    await rm(table);
    await writeFile(figure, "painted over");
    const { atime, mtime } = await stat(page);
    await writeFile(page, before[2]!.map((byte, index) => (index === 1000 ? byte ^ 1 : byte)));
    await utimes(page, atime, mtime);
    expect(await write()).toEqual(["chunks.csv", "figures/entropy.svg", "figures/entropy.png", "report.html"]);
    expect(await Promise.all([table, figure, page].map((file) => readFile(file)))).toEqual(before);
  });

  it("are all written when it is not known what they show", async () => {
    const kept = path.join(resultsStore(folder), "reports.json");
    await writeFile(kept, (await readFile(kept, "utf8")).replace("cells.csv", "calls.csv"));
    expect(await write()).toHaveLength(11 + 2 * 16 + 2);
    expect(await write()).toEqual([]);
  });
});

describe("a report", () => {
  const report = (name: string, version: number, content = "made"): Report => ({ name, kind: "file", basis: [version], make: () => [{ name, content }] });

  async function emptyResults(): Promise<string> {
    const folder = await temporaryFolder();
    await mkdir(resultsStore(folder));
    return folder;
  }

  it("is written again when its version is raised", async () => {
    const folder = await emptyResults();
    const written = async (version: number): Promise<number> => (await keepReports(folder, [report("a.csv", version)], [])).written.length;
    expect([await written(1), await written(1), await written(2), await written(2)]).toEqual([1, 0, 1, 0]);
  });

  it("that could not be made leaves those before it kept", async () => {
    const folder = await emptyResults();
    const broken = { ...report("b.csv", 1), make: () => Promise.reject(new Error("no")) };
    await expect(keepReports(folder, [report("a.csv", 1), broken], [])).rejects.toThrow("no");
    const { written, current } = await keepReports(folder, [report("a.csv", 1), report("b.csv", 1)], []);
    expect([written, current.map(({ name }) => name)]).toEqual([[path.join(folder, "b.csv")], ["a.csv"]]);
  });

  it("that is no longer made goes, unless somebody altered it", async () => {
    const folder = await emptyResults();
    await keepReports(folder, [report("a/1.json", 1), report("a/2.json", 1), report("tokens.csv", 1)], ["a/"]);
    await writeFile(path.join(folder, "a", "2.json"), "mine now");
    await writeFile(path.join(folder, "a", "3.json"), "mine");
    await keepReports(folder, [], ["a/"]);
    expect((await readdir(folder, { recursive: true })).filter((name) => !name.startsWith("store")).sort()).toEqual(["a", "a/2.json", "a/3.json", "tokens.csv"]);
  });

  it("in a folder that is a link touches nothing elsewhere", async () => {
    const folder = await emptyResults();
    const elsewhere = await temporaryFolder();
    for (const name of ["1.json", "2.json"]) await writeFile(path.join(elsewhere, name), "somebody's");
    await keepReports(folder, [report("a/2.json", 1)], ["a/"]);
    await rm(path.join(folder, "a"), { recursive: true });
    await symlink(elsewhere, path.join(folder, "a"));
    expect((await keepReports(folder, [report("a/1.json", 1)], ["a/"])).written).toEqual([]);
    expect(await Promise.all(["1.json", "2.json"].map((name) => readFile(path.join(elsewhere, name), "utf8")))).toEqual(["somebody's", "somebody's"]);
  });
});
