import { beforeAll, expect, it } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import { bothStreams } from "../../harness/parse/numbers.ts";
import { demoModel } from "../../harness/paths.ts";
import { checkImportance } from "../../harness/steps/importanceFile.ts";
import { calibrationTexts } from "../../harness/sweep/knownTexts.ts";
import { writeExpertModel } from "../support/expertModel.ts";
import { type FeedbackLab, feedbackLab } from "../support/feedbackLab.ts";

let lab: FeedbackLab;
let experts: string;
beforeAll(async () => {
  lab = await feedbackLab();
  await writeExpertModel((experts = lab.at("experts.gguf")));
});

// Three chunks at a time are computed in batches of unequal length, of which llama-imatrix leaves the last out.
it.each([["the demo model", 3], ["the demo model", 7], ["a mixture of experts", 4]] as const)("an importance matrix of %s over %i chunks is what was asked for, and none over more", async (which, chunks) => {
  const [model, file, training] = [which === "the demo model" ? demoModel : experts, lab.at(`${chunks}.gguf`), await calibrationTexts["demo"]!()];
  const printed = bothStreams(await lab.imatrix(model, training, file, chunks));
  const gguf = await readGguf(model);
  await checkImportance(file, gguf, { context: 512, chunks }, printed);
  await expect(checkImportance(file, gguf, { context: 512, chunks: chunks - 1 }, printed)).rejects.toThrow(`over ${chunks} chunks, not ${chunks - 1}`);
  await expect(checkImportance(file, gguf, { context: 512, chunks: null }, printed.replace(`over ${chunks} chunks`, `over ${chunks + 2} chunks`))).rejects.toThrow(/where it said/);
});
