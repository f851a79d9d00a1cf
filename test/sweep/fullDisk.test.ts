import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { DiskFull } from "../../harness/fileError.ts";
import { cacheStore } from "../../harness/store/store.ts";
import { folderOf, leftOvers, makeLab } from "../support/sweepLab.ts";
import { temporaryFolder } from "../support/temporary.ts";

beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder()));

it("a program that found no room ends the sweep: no other cell is tried, and no cell is said to have failed", async () => {
  const lab = await makeLab();
  const quantize = 'printf half > "$quantized"; echo "failed to write: No space left on device" >&2; exit 1';
  const error = await lab.run({}, { quantize }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DiskFull);
  expect((error as Error).message).toMatch(/scratch\/job-\S+ .*llama-quantize found no room.* \d+ bytes free.*QUANTFLEX_CACHE/);
  // The original, and one try of the first cell that is quantized.
  expect(await lab.calls()).toHaveLength(2);
  expect(await leftOvers(lab)).toEqual([]);
  expect(existsSync(await folderOf(lab, "a", "quantize"))).toBe(false);
  expect(await lab.run()).toMatchObject({ computed: ["a", "b"], stored: ["f16"], failed: [] });
});

it("a quantized file that cannot be kept for later is no reason to fail", async () => {
  const lab = await makeLab();
  await mkdir(cacheStore(), { recursive: true });
  await writeFile(path.join(cacheStore(), "large"), "a file");
  expect(await lab.run()).toMatchObject({ computed: ["f16", "a", "b"], failed: [] });
  expect(lab.events).toContainEqual({ kind: "note", text: expect.stringMatching(/^quantized is not kept for later: .*large/) });
});
