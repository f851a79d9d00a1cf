import path from "node:path";
import { expect, it } from "vitest";
import { storeCells, storedStudy, writeStudy } from "../../harness/bench/harness/storedStudy.ts";
import { ensureBuild } from "../../harness/build/build.ts";
import { sweep } from "../../harness/sweep/sweep.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("a study of copied records is stored as if each cell had been computed: a sweep finds every one", async () => {
  const folder = await temporaryFolder();
  const signal = new AbortController().signal;
  const study = await writeStudy(folder, "stored", storedStudy(5));
  const request = { study, out: path.join(folder, "results"), threads: 1 };
  expect(await sweep({ ...request, only: "cell-0" }, () => undefined, signal)).toMatchObject({ computed: ["cell-0"], failed: [] });
  await storeCells(study, request.out, { build: await ensureBuild("patched"), threads: 1, signal });
  expect(await sweep(request, () => undefined, signal)).toMatchObject({ stored: [0, 1, 2, 3, 4].map((index) => `cell-${index}`), computed: [], failed: [] });
});
