import { expect, it } from "vitest";
import { referenceBytes } from "../../harness/steps/referenceFile.ts";

it("the model's predictions have as many bytes as llama-perplexity wrote for the demo model's text", () => {
  expect(referenceBytes({ chunks: 130, context: 512, vocabulary: 1024 })).toBe(68_422_660);
});
