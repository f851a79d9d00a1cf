import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Zstd } from "@hpcc-js/wasm-zstd";
import { expect, it } from "vitest";
import { demoModel } from "../../harness/paths.ts";
import { compressedLength } from "../../harness/steps/compressedLength.ts";
import { zstdSizes } from "../../harness/steps/zstd.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("is as long as what the package's own function gives", async () => {
  const zstd = await Zstd.load();
  const model = await readFile(demoModel);
  for (const data of [new Uint8Array(0), model.subarray(0, 1), model.subarray(0, 70_001)]) {
    for (const level of [3, 19]) expect(compressedLength(zstd, data, level)).toBe(zstd.compress(data, level).length);
  }
  const file = path.join(await temporaryFolder(), "piece");
  await writeFile(file, model.subarray(0, 70_001));
  const length = (level: number): number => zstd.compress(model.subarray(0, 70_001), level).length;
  expect(await zstdSizes([file, file], new AbortController().signal)).toEqual({ "zstd-3": 2 * length(3), "zstd-19": 2 * length(19) });
});
