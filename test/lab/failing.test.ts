import { existsSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { makeLab } from "../support/sweepLab.ts";
import { smallQuantized } from "../support/smallModel.ts";
import { temporaryFolder } from "../support/temporary.ts";

beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder()));

const failing = 'if [ "$type" = IQ4_NL ]; then echo "out of paper" >&2; exit 3; fi; cp "$made" "$quantized"';

it("stops at the first cell that fails when that is asked for, and says which were left", async () => {
  const lab = await makeLab();
  expect(await lab.run({ failFast: true }, { quantize: failing })).toMatchObject({ computed: ["f16"], failed: [{ name: "a" }], left: ["b"] });
  expect(await lab.run()).toMatchObject({ computed: ["a", "b"], stored: ["f16"], failed: [], left: [] });
});

it("runs only what failed when that is asked for", async () => {
  const lab = await makeLab();
  await lab.run({ failFast: true }, { quantize: failing });
  expect(await lab.run({ retryFailed: true })).toMatchObject({ computed: ["a"], stored: [], failed: [] });
  expect(await lab.run({ retryFailed: true })).toMatchObject({ computed: [], stored: [], failed: [] });
  expect(await lab.run()).toMatchObject({ computed: ["b"], stored: ["f16", "a"] });
});

it("keeps all quantized models with the results, also of cells that were measured before, and makes what is gone again", async () => {
  const lab = await makeLab();
  await lab.run();
  expect(existsSync(path.join(lab.out, "models"))).toBe(false);
  await lab.run({ keepModels: "all" });
  const models = path.join(lab.out, "models");
  expect((await readdir(models)).sort()).toEqual(["a.gguf", "b.gguf"]);
  const made = await readFile(path.join(await smallQuantized(), "IQ4_NL.gguf"));
  expect((await readFile(path.join(models, "a.gguf"))).equals(made)).toBe(true);
  await rm(path.join(models, "a.gguf"));
  await rm(path.join(process.env["QUANTFLEX_CACHE"]!, "store", "large"), { recursive: true });
  await lab.run({ keepModels: "all" });
  expect((await readFile(path.join(models, "a.gguf"))).equals(made)).toBe(true);
});

it("keeps the best: of two that are as good, the smaller", async () => {
  const lab = await makeLab();
  await lab.run({ keepModels: "best" });
  expect(await readdir(path.join(lab.out, "models"))).toEqual(["a.gguf"]);
});
