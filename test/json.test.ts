import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { UserError } from "../harness/errors.ts";
import { keepJson, keptJson, readJson } from "../harness/json.ts";
import { temporaryFolder } from "./support/temporary.ts";

const schema = z.strictObject({ value: z.int() });

it.each([
  ["missing", null, /no such file/],
  ["damaged", '{"value":', /JSON/],
  ["of another shape", '{"value":"1"}', /value/],
])("what is %s is made again, or named with the way out", async (_what, text, fault) => {
  const file = path.join(await temporaryFolder(), "kept.json");
  if (text !== null) await writeFile(file, text);
  expect(await keptJson(file, schema)).toBeNull();
  const error: unknown = await readJson(file, schema, "make it again").catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect((error as Error).message).toMatch(/^.*kept\.json cannot be read: [^]*; make it again$/);
  expect((error as Error).message).toMatch(fault);
});

it("what is whole is read", async () => {
  const file = path.join(await temporaryFolder(), "kept.json");
  await writeFile(file, '{"value":1}');
  expect(await readJson(file, schema, "")).toEqual({ value: 1 });
});

it("what was kept is read, and nothing of which a bit was turned", async () => {
  const file = path.join(await temporaryFolder(), "folder", "kept.json");
  await keepJson(file, { value: 12345 });
  expect(await keptJson(file, schema)).toEqual({ value: 12345 });
  const good = await readFile(file);
  for (let bit = 0; bit < 8 * good.length; bit++) {
    const bad = Buffer.from(good);
    bad[bit >> 3]! ^= 1 << (bit & 7);
    await writeFile(file, bad);
    expect(await keptJson(file, schema), `bit ${bit}`).toBeNull();
  }
});
