import { copyFile, mkdir, readFile, symlink } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { demoModel } from "../../harness/paths.ts";
import { quantizeModel } from "../../harness/sweep/quantizeModel.ts";
import { fakeBuild } from "../support/fakeBuild.ts";
import { temporaryFolder } from "../support/temporary.ts";

it.each([
  ["a folder", "taken", /is no regular file/],
  ["a device", "/dev/null", /--out \/dev\/null is no regular file/],
  ["in a folder that is not there", "missing/out.gguf", /missing\/out\.gguf cannot be written .*--out/],
  ["the model by way of a linked folder", "link/model.gguf", /is the model itself/],
])("a place for the quantized file that cannot be one is refused before anything is computed: %s", async (_what, out, reason) => {
  const folder = await temporaryFolder();
  const model = path.join(folder, "model.gguf");
  await copyFile(demoModel, model);
  await mkdir(path.join(folder, "taken"));
  await symlink(folder, path.join(folder, "link"));
  const build = await fakeBuild(path.join(folder, "bin"), {});
  const request = { model, out: path.resolve(folder, out), cell: { type: "Q4_0" }, threads: 1, build };
  await expect(quantizeModel(request, () => undefined, new AbortController().signal)).rejects.toThrow(reason);
  expect((await readFile(model)).equals(await readFile(demoModel))).toBe(true);
});

it("a calibration text that is not there is called so", async () => {
  const folder = await temporaryFolder();
  const request = { model: demoModel, out: path.join(folder, "out.gguf"), cell: { type: "Q4_0", imatrix: true }, calibration: path.join(folder, "nowhere"), threads: 1, build: await fakeBuild(path.join(folder, "bin"), {}) };
  await expect(quantizeModel(request, () => undefined, new AbortController().signal)).rejects.toThrow(/^calibration text .*nowhere: there is no such file; .* with --calibration$/);
});
