import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { demoModel, projectRoot } from "../../harness/paths.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { headerNumbers } from "./ggufNumbers.ts";
import { oneOf, refused, withWrongNumber, writeSparse } from "./malformedFile.ts";
import { faultRow } from "./row.ts";

const sizes = [2 ** 20, 2 ** 30, 3 * 2 ** 30, 6 * 2 ** 30];
let folder: string;
let sounds: Buffer[];

beforeAll(async () => {
  folder = await lastingTemporaryFolder();
  const small = path.join(folder, "small.gguf");
  const tensor = (name: string) => ({ name, shape: [8, 2], type: "F32", pieces: () => [new Uint8Array(64)] });
  await writeGguf(small, [
    { key: "general.alignment", type: "u32", value: 32 },
    { key: "a.numbers", type: "array", of: "i8", value: [1, 2, 3] },
    { key: "a.texts", type: "array", of: "string", value: ["a", "b"] },
  ], [tensor("one.weight"), tensor("two.weight")]);
  sounds = await Promise.all([small, demoModel].map((file) => readFile(file)));
});

faultRow("malformed GGUFs: a number of the header, up to 6 GiB", 200, async (index, random) => {
  const file = path.join(folder, `${index}.gguf`);
  const sound = oneOf(sounds, random);
  const { bytes } = withWrongNumber(sound, random);
  await writeSparse(file, bytes, oneOf([sound.length, ...sizes.filter((size) => size >= sound.length)], random));
  await refused(file, () => readGguf(file));
});

faultRow("malformed GGUFs: cut, or a name damaged", 50, async (index, random) => {
  const file = path.join(folder, `cut-${index}.gguf`);
  const sound = oneOf(sounds, random);
  const { numbers } = headerNumbers(sound);
  if (random() < 0.5) {
    await writeSparse(file, sound, Math.floor(random() * sound.length));
  } else {
    const name = oneOf(numbers.filter(({ kind }) => kind === "name length" || kind === "key length"), random);
    const bytes = Buffer.from(sound);
    bytes[name.at + 8] = 0xff;
    await writeSparse(file, bytes, oneOf([sound.length, 6 * 2 ** 30], random));
  }
  await refused(file, () => readGguf(file));
});

/** Has a process say at its end how much memory it took at most, in KiB, and how much processor time, in microseconds. */
const account = `data:text/javascript,process.on("exit",()=>{const{maxRSS,userCPUTime,systemCPUTime}=process.resourceUsage();console.error("took",maxRSS,userCPUTime+systemCPUTime)})`;

faultRow("malformed GGUFs, by the command", 20, async (index, random) => {
  const file = path.join(folder, `command-${index}.gguf`);
  await writeSparse(file, withWrongNumber(oneOf(sounds, random), random).bytes, oneOf(sizes.slice(1), random));
  const argumentList = ["--import", "tsx", "--import", account, "scripts/sweep.ts", "--model", file, "--out", path.join(folder, `out-${index}`)];
  const { code, stderr } = await promisify(execFile)(process.execPath, argumentList, { cwd: projectRoot }).then(
    (ended) => ({ ...ended, code: 0 }),
    (error: { code: number; stderr: string }) => error,
  );
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(/^error: .*command-\d+\.gguf/);
  expect(stderr).not.toMatch(/\n {4}at /);
  const [kibibytes, microseconds] = /^took (\d+) (\d+)$/m.exec(stderr)!.slice(1).map(Number);
  expect(kibibytes! * 1024).toBeLessThan(300e6);
  // Of the processor's time, since others may use it as well.
  expect(microseconds! / 1e6).toBeLessThan(15);
});
