import { cp, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { beforeAll, expect, it, vi } from "vitest";
import { ensureBuild, studyPrograms } from "../../harness/build/build.ts";
import { projectRoot } from "../../harness/paths.ts";
import { canMount, inNamespace } from "../support/namespace.ts";
import { makeRealLab, type RealLab, sweepAndReport, tablesOf } from "../support/realLab.ts";
import { temporaryFolder } from "../support/temporary.ts";

const itWhereMountable = it.skipIf(!(await canMount()));

let lab: RealLab;
let clean: Record<string, unknown>;
beforeAll(async () => {
  lab = await makeRealLab();
  vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
  await sweepAndReport(lab, path.join(lab.folder, "clean"));
  clean = await tablesOf(path.join(lab.folder, "clean"));
});

const readOnly = (folder: string): string[] => [`mount --bind '${folder}' '${folder}'`, `mount -o remount,ro,bind '${folder}'`];

function sweepTo(out: string): string[] {
  return [process.execPath, "--import", "tsx", path.join(projectRoot, "scripts", "sweep.ts"), "--study", lab.study, "--out", out, "--threads", "2"];
}

itWhereMountable.each([["complete", false], ["that has its builds and texts alone", true]])("a cache %s that cannot be written serves", async (_what, bare) => {
  const cache = path.join(await temporaryFolder(), "cache");
  await cp(lab.cache, cache, { recursive: true, verbatimSymlinks: true });
  if (bare) for (const name of await readdir(cache)) if (!["binaries", "sources", "texts"].includes(name)) await rm(path.join(cache, name), { recursive: true });
  const out = path.join(await temporaryFolder(), "out");
  expect(await inNamespace([...readOnly(cache), '"$@"'], sweepTo(out), { QUANTFLEX_CACHE: cache })).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await tablesOf(out)).toEqual(clean);
});

itWhereMountable("a checkout that cannot be written, and a results folder in one that cannot", async () => {
  const parent = await temporaryFolder();
  const out = path.join(parent, "out");
  await mkdir(out);
  const commands = [...readOnly(projectRoot), ...readOnly(parent), `mount -t tmpfs tmpfs /mnt`, `mount --bind /mnt '${out}'`, '"$@"', `test -s '${out}/cells.csv'`];
  expect(await inNamespace(commands, sweepTo(out), { QUANTFLEX_CACHE: lab.cache })).toMatchObject({ exitCode: 0, stderr: "" });
});

itWhereMountable("a cache on which nothing can be executed is said to be so, whether it has a build or not", async () => {
  const cache = path.join(await temporaryFolder(), "cache");
  await mkdir(cache);
  const sources = ["sources", "texts"].map((name) => `cp -P '${lab.cache}/${name}' '${cache}'`);
  const { folder } = await ensureBuild("patched", { targets: studyPrograms });
  for (const build of [`mkdir '${cache}/binaries'`, `mkdir '${cache}/binaries'; cp -r '${folder}' '${cache}/binaries'`]) {
    const { exitCode, stderr } = await inNamespace([`mount -t tmpfs -o noexec tmpfs '${cache}'`, ...sources, build, '"$@"'], sweepTo(path.join(lab.folder, "never")), { QUANTFLEX_CACHE: cache });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: ${cache}\\S* cannot be executed: .*noexec.*QUANTFLEX_CACHE$`));
  }
});

it.each(["/proc/nohome", "/dev/null"])("a home in which no cache can be made (%s) is told in a line", async (home) => {
  const [program = "", ...rest] = sweepTo(path.join(lab.folder, "never"));
  const { exitCode, stderr } = await inHome(home, program, rest);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(new RegExp(`^error: the cache folder ${home}/.cache/quantflex cannot be made .*QUANTFLEX_CACHE$`));
});

async function inHome(home: string, program: string, argv: string[]): Promise<{ exitCode?: number | undefined; stderr: string }> {
  return execa(program, argv, { cwd: projectRoot, reject: false, env: { QUANTFLEX_CACHE: "", XDG_CACHE_HOME: "", HOME: home }, timeout: 60_000 });
}
