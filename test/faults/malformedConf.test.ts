import { execFile } from "node:child_process";
import { mkdir, readdir, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect } from "vitest";
import { type Build, ensureBuild, studyPrograms } from "../../harness/build/build.ts";
import { demoModel } from "../../harness/paths.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { faultRow, type Random } from "./row.ts";

const execute = promisify(execFile);
const table = "64 32 16 8 4 2 1 1 1 1 2 4 8 16 32 64 -128 -64 -32 -16 -8 -4 -2 -1 0 1 2 4 8 16 32 64";
const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const words = ["-1", "8", "3", "x", "1.5", "99999999999999999999", "\0", "\u001b[1m", "ä", "*", "#", "0x1", ".", "q".repeat(64), "q".repeat(8000), "q".repeat(100_000)];

/** Each makes a pablo.conf that is none, at a path. */
const kinds: ((file: string, random: Random) => Promise<unknown>)[] = [
  (file, random) => writeFile(file, `${pick(random, ["2", "-1", "x", "", "1 1 1", "1 9", "1 0 3", "1 0 0 0"])} ${pick(random, words)} ${pick(random, words)}\n`),
  (file, random) => writeFile(file, `1 0 2\nTABLE ${table.slice(0, Math.floor(random() * (table.length - 3)))}\n`),
  (file, random) => writeFile(file, `1 0 2\nTABLE ${table}\nTENSOR_TABLE ${pick(random, words.filter((word) => word !== "#"))} ${table.slice(0, Math.floor(random() * (table.length - 3)))}\n`),
  (file, random) => writeFile(file, `1 0 0\n${pick(random, ["CONTAINER", "ENCODE", "SCALE", "DECODE", "TYPES", "HISTOGRAM\nHISTOGRAM", "NOTHING"])} ${pick(random, words.filter((word) => !["#", "\0"].includes(word)))}\n${pick(random, ["", "x"])}\nNOTHING\n`),
  (file, random) => writeFile(file, Buffer.concat([Buffer.from([0x7f]), Buffer.from(Array.from({ length: 2000 }, () => Math.floor(random() * 256)))])),
  (file, random) => writeFile(file, `1 0 0\n# ${"x".repeat(8192 + Math.floor(random() * 1e5))}\n`),
  async (file, random) => (await writeFile(file, "1 0 0\n"), truncate(file, 2 ** (20 + Math.floor(random() * 20)))),
  (file) => writeFile(file, ""),
  (file) => mkdir(file),
  (file) => execute("mkfifo", [file]),
  (file, random) => symlink(pick(random, ["/dev/zero", "/dev/null", "/dev/tty", "/dev/urandom", "/"]), file),
  (file) => symlink("nowhere", file),
];

let build: Build;
beforeAll(async () => void (build = await ensureBuild("patched", { targets: studyPrograms })));

faultRow("malformed confs, by llama-quantize", 120, async (index, random) => {
  const folder = await temporaryFolder();
  const file = path.join(folder, "pablo.conf");
  await kinds[index % kinds.length]!(file, random);
  const ended = await execute(build.binary("llama-quantize"), ["--pure", demoModel, path.join(folder, "out"), "Q4_0", "1"], { timeout: 60_000, env: { ...process.env, PABLO_CONF: file } }).then(
    ({ stderr }) => ({ code: 0, signal: null, stderr }),
    (error: { code: number | null; signal: string | null; stderr: string }) => error,
  );
  expect([ended.code, ended.signal], `kind ${index % kinds.length}: ${ended.stderr.slice(-500)}`).toEqual([1, null]);
  expect(ended.stderr).toContain(`${file}:`);
  expect((await readdir(folder)).filter((name) => name === "out")).toEqual([]);
});
