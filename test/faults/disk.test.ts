import { cp, readFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { beforeAll, expect, vi } from "vitest";
import { projectRoot } from "../../harness/paths.ts";
import { unseal } from "../../harness/seal.ts";
import { canMount, inNamespace } from "../support/namespace.ts";
import { filesIn, makeRealLab, type RealLab, sweepAndReport, tablesOf } from "../support/realLab.ts";
import { faultRow } from "./row.ts";

let lab: RealLab;
/** Tables of two chunks, which a results folder has when it begins, and of four, which it shall have. */
let old: Record<string, unknown>;
let now: Record<string, unknown>;
beforeAll(async () => {
  lab = await makeRealLab();
  vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
  const [before, after] = [path.join(lab.folder, "out"), path.join(lab.folder, "after")];
  await sweepAndReport(lab, before, { chunks: 2 });
  old = await tablesOf(before);
  await cp(before, after, { recursive: true });
  // The cache stays as it was before.
  await cp(lab.cache, path.join(lab.folder, "cache-after"), { recursive: true, verbatimSymlinks: true });
  vi.stubEnv("QUANTFLEX_CACHE", path.join(lab.folder, "cache-after"));
  await sweepAndReport(lab, after);
  now = await tablesOf(after);
});

interface Try extends RealLab {
  out: string;
}

async function makeTry(name: string): Promise<Try> {
  const folder = path.join(lab.folder, name);
  for (const part of ["cache", "out"]) await cp(path.join(lab.folder, part), path.join(folder, part), { recursive: true, verbatimSymlinks: true });
  return { folder, study: lab.study, cache: path.join(folder, "cache"), out: path.join(folder, "out") };
}

type Cell = Record<"cell" | "ppl" | "kld" | "file_bytes" | "status", string>;

interface Ended {
  exitCode?: number | undefined;
  stderr: string;
}

const script = (own: Try): string[] => [path.join(projectRoot, "scripts", "sweep.ts"), "--study", own.study, "--out", own.out, "--threads", "2"];

/** Each file is the old one or the new one; who failed named a path; run again, all is well. */
async function checkAfter(own: Try, { exitCode, stderr }: Ended, what: string): Promise<void> {
  if (exitCode !== 0) {
    expect(stderr, what).toContain(own.folder);
    expect(stderr.trim().split("\n").every((line) => line.startsWith("error: ")), stderr).toBe(true);
    // Its disk being full, no other cell is tried.
    if (/ bytes free/.test(stderr)) expect(stderr.trim().split("\n"), what).toHaveLength(1);
  }
  const tables = await tablesOf(own.out);
  const cells = tables["cells.csv"] as Cell[];
  expect(cells, what).toHaveLength(3);
  if (cells.every(({ status }) => status === "ok")) for (const [name, table] of Object.entries(tables)) expect([old[name], now[name]], `${what}: ${name}`).toContainEqual(table);
  // Without the original's there are no comparisons with it.
  else for (const { cell, ppl, kld, file_bytes, status } of cells) {
    const same = [old, now].flatMap((all) => all["cells.csv"] as Cell[]).filter((row) => row.cell === cell && row.ppl === ppl && row.kld === kld && row.file_bytes === file_bytes);
    if (!status.startsWith("failed: ")) expect(same.length, `${what}: ${cell}`).toBeGreaterThan(0);
  }
  for (const file of await filesIn(path.join(own.out, "store"))) {
    if (/(plan|reports|record)\.json$/.test(file)) expect(unseal(await readFile(path.join(own.out, "store", file), "utf8")), `${what}: ${file}`).toBeDefined();
    expect(file, what).not.toMatch(/\.partial$/);
  }
  vi.stubEnv("QUANTFLEX_CACHE", own.cache);
  expect((await sweepAndReport(own, own.out)).failed).toEqual([]);
  expect(await tablesOf(own.out), what).toEqual(now);
}

const operations = ["open", "write", "fsync", "rename"];
const codes = ["ENOSPC", "EIO", "EACCES"];

faultRow("open, write, fsync, rename × ENOSPC, EIO, EACCES", 12, async (index, random) => {
  const own = await makeTry(`injected-${index}`);
  // Few files are waited for on the disk: the plan and records.
  const operation = operations[index % 4]!;
  const fault = `${operation} ${codes[Math.floor(index / 4)]} ${Math.floor(random() * (operation === "fsync" ? 4 : 30))}`;
  const ended = await execa(process.execPath, ["--import", "tsx", "--import", path.join(projectRoot, "test", "faults", "injectFault.mjs"), ...script(own)], {
    cwd: projectRoot, reject: false, env: { QUANTFLEX_CACHE: own.cache, FAULT: fault, FAULT_UNDER: `${own.out}:${own.cache}` },
  });
  await checkAfter(own, ended, fault);
});

/** What is on the small disk, bytes free on it, and whether something else fills it while the sweep runs. */
const small = [["out", 60, false], ["cache", 200, false], ["out", 1000, true], ["cache", 8000, true]] as const;

faultRow("a small file system that is full", (await canMount()) ? small.length : 0, async (index) => {
  const own = await makeTry(`full-${index}`);
  const [part, free, filled] = small[index]!;
  const [there, aside] = [path.join(own.folder, part), path.join(own.folder, "aside")];
  const commands = [
    `mv '${there}' '${aside}'`, `mkdir '${there}'`,
    `mount -t tmpfs -o size=$(($(du -sk '${aside}' | cut -f1) + ${free}))k tmpfs '${there}'`, `cp -a '${aside}/.' '${there}'`,
    ...(filled ? [`{ sleep 3; dd if=/dev/zero of='${there}/filler' bs=4k 2>/dev/null; } & filler=$!`] : []),
    `'${process.execPath}' --import tsx "$@" || code=$?`,
    ...(filled ? ["wait $filler || true", `rm '${there}/filler'`] : []),
    `rm -r '${aside}'`, `cp -a '${there}' '${aside}'`, "exit ${code:-0}",
  ];
  const ended = await inNamespace(commands, script(own), { QUANTFLEX_CACHE: own.cache });
  await execa("sh", ["-c", `rm -r '${there}'; mv '${aside}' '${there}'`]);
  if (part === "out" && !filled) expect(ended.stderr).toMatch(/ needs \d+ bytes, and its disk has \d+ bytes free/);
  await checkAfter(own, ended, `${part}, ${free} KiB free${filled ? ", filled" : ""}: ${ended.stderr}`);
});
