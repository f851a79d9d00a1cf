import { readFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { demoModel } from "../../harness/paths.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { headerNumbers } from "./ggufNumbers.ts";
import { oneOf, refused, withWrongNumber, writeSparse } from "./malformed.ts";
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
