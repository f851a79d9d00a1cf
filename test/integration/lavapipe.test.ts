import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { ensureBuild, type Build } from "../../harness/build/build.ts";
import { decodeFrames } from "../../harness/parse/frames.ts";
import { demoModel } from "../../harness/paths.ts";
import { run } from "../../harness/process/run.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";
import { ensureDemoText } from "../../harness/sweep/knownTexts.ts";
import { findLavapipe } from "../support/lavapipe.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { writeFloatModel, writeUpstreamModel } from "../support/upstreamModel.ts";

/** Of a chunk's mean negative log likelihood, in nats: sums are in another order. */
const tolerance = 0.0005;
const patience = 3_600_000;

const models = [
  { name: "F16", type: "F16", conf: null },
  { name: "Q4_0", type: "Q4_0", conf: null },
  { name: "packed", type: "Q4_0", conf: "1 0 1\nCONTAINER packed\n" },
  { name: "native", type: "Q8_0", conf: "1 0 1\n" },
];

const { environment, reason } = await findLavapipe();
describe.skipIf(reason)(`on Vulkan's lavapipe${reason && ` (${reason})`}`, () => {
  let build: Build;
  let folder = "";
  beforeAll(async () => {
    build = await ensureBuild("patched", { backend: "vulkan", targets: ["llama-quantize", "llama-perplexity"] });
    folder = await lastingTemporaryFolder();
  }, patience);

  async function quantize({ name, type, conf }: (typeof models)[number]): Promise<string> {
    if (type === "F16") return demoModel;
    const [file, to] = [path.join(folder, `${name}.conf`), path.join(folder, `${name}.gguf`)];
    if (conf) await writeFile(file, conf);
    await run(build.binary("llama-quantize"), ["--pure", demoModel, to, type, "1"], { cwd: folder, env: childEnvironment(conf ? file : null) });
    return to;
  }

  let evaluations = 0;
  async function likelihoods(model: string, where: readonly string[], chunks = 4): Promise<number[][]> {
    const frames = path.join(folder, `${++evaluations}.frames`);
    const size = ["-c", "64", "-b", "64", "-ub", "64", "--chunks", String(chunks), "-t", "2", "-fa", "off", "--no-warmup"];
    const ran = await run(build.binary("llama-perplexity"), ["-m", model, "-f", await ensureDemoText(), ...size, "--frames", frames, "-v", ...where], { cwd: folder, env: { ...childEnvironment(null), ...environment, GGML_VK_DISABLE_F16: "1" } });
    if (!where.includes("none")) expect(ran.stdout + ran.stderr).toMatch(/offloaded (\d+)\/\1 layers/);
    return decodeFrames(await readFile(frames)).frames.map(({ nll }) => [...nll]);
  }

  const onDevice = ["--device", "Vulkan0", "-ngl", "99", "-fit", "off", "-sm", "none"];
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  // Over so few tokens what a device loses by adding in half precision is 0.005 nats, and what the processor does by rounding
  // activations for quantized weights 0.008: weights that are wrong would hardly be seen. So here are neither.
  it.each(models)("$name predicts what the same weights do as floats on the processor, and bit for bit what it did before", { timeout: patience }, async (model) => {
    const [file, floats] = [await quantize(model), path.join(folder, `${model.name} floats.gguf`)];
    await writeFloatModel(file, floats);
    const [here, there] = [await likelihoods(floats, ["--device", "none"]), await likelihoods(file, onDevice)];
    expect(here).toHaveLength(4);
    for (const [chunk, values] of here.entries()) expect(Math.abs(mean(values) - mean(there[chunk]!)), `chunk ${chunk}`).toBeLessThan(tolerance);
    expect(await likelihoods(file, onDevice, 2)).toEqual(there.slice(0, 2));
  });

  it("packed codes predict, bit for bit, what Q8_0 of the same weights does", { timeout: patience }, async () => {
    const [file, upstream] = [await quantize(models.find(({ name }) => name === "packed")!), path.join(folder, "upstream.gguf")];
    await writeUpstreamModel(file, upstream);
    expect(await likelihoods(file, onDevice)).toEqual(await likelihoods(upstream, onDevice));
  });
});
