import { expect, it } from "vitest";
import { ensureBuild } from "../../harness/build/build.ts";
import { demoModel } from "../../harness/paths.ts";
import { run } from "../../harness/process/run.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";
import { ensureDemoText, calibrationTexts } from "../../harness/sweep/knownTexts.ts";
import { feedbackLab } from "../support/feedbackLab.ts";

it.each(["Q4_0", "IQ4_NL", "Q8_0"])("upstream's own build reads a %s file made with feedback, and finds the same likelihoods", async (type) => {
  const [lab, upstream, text] = [await feedbackLab(), await ensureBuild("upstream"), await ensureDemoText()];
  const [moments, model] = [lab.at("moments.gguf"), lab.at("fed.gguf")];
  await lab.moments(demoModel, await calibrationTexts["demo"]!(), moments, { chunks: 6 });
  await lab.quantize(demoModel, model, type, `0 0 0\nFEEDBACK ${moments}\n`);
  const likelihoods = [];
  for (const build of [lab.build, upstream]) {
    const args = ["-m", model, "-f", text, "-c", "512", "-b", "2048", "--chunks", "8", "-t", "2", "--device", "none"];
    const { stdout, stderr } = await run(build.binary("llama-perplexity"), args, { env: childEnvironment(null) });
    const found = `${stdout}${stderr}`.match(/\[\d+\][\d.]+(?=,)|Final estimate: .*/g);
    expect(found).toHaveLength(9);
    likelihoods.push(found);
  }
  expect(likelihoods[1]).toEqual(likelihoods[0]);
});
