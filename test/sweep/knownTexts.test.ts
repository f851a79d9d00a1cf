import { readFile, writeFile } from "node:fs/promises";
import { expect, it, vi } from "vitest";
import { ensureDemoText } from "../../harness/sweep/knownTexts.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("makes the demo text once, and again when the kept one is damaged", async () => {
  vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder());
  const file = await ensureDemoText();
  const text = await readFile(file, "utf8");
  expect(Array.from(text)).toHaveLength(200_000);
  await writeFile(file, "x".repeat(200_000));
  expect(await ensureDemoText()).toBe(file);
  expect(await readFile(file, "utf8")).toBe(text);
  vi.unstubAllEnvs();
});
