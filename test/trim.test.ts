import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { markUsed, trimFolder } from "../harness/trim.ts";
import { temporaryFolder } from "./support/temporary.ts";

/** Files of ten bytes, the first used longest ago; `c` is a folder with one in it. */
async function filled(): Promise<string> {
  const folder = await temporaryFolder();
  for (const [index, name] of ["a", "b", "c/record", "d"].entries()) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, "0123456789");
    const used = new Date(2001, 1, 1 + index);
    await utimes(file, used, used);
    await utimes(path.join(folder, name.split("/")[0]!), used, used);
  }
  return folder;
}

it("what was not used for longest goes first, and what is needed stays", async () => {
  const folder = await filled();
  await trimFolder(folder, 40);
  expect(await readdir(folder)).toEqual(["a", "b", "c", "d"]);
  await trimFolder(folder, 25, ({ name }) => name === "a");
  expect(await readdir(folder)).toEqual(["a", "d"]);
  await trimFolder(folder, 0);
  expect(await readdir(folder)).toEqual([]);
  await trimFolder(path.join(folder, "gone"), 0);
});

it("a file that is read is used, and so is the folder that it lies in", async () => {
  const folder = await filled();
  await markUsed(path.join(folder, "c", "record"));
  await markUsed(path.join(folder, "a"));
  await trimFolder(folder, 20);
  expect(await readdir(folder)).toEqual(["a", "c"]);
});
