import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { PlannedStep } from "../../harness/jobs/job.ts";
import { referenceBytes } from "../../harness/steps/referenceFile.ts";
import { cacheStore, stepFolder } from "../../harness/store/store.ts";

/** Puts a file into the cache that says, as the predictions do that some steps are compared with, how many chunks it has: of 8 tokens of a vocabulary of 16. */
export async function keepReference(steps: readonly Pick<PlannedStep, "step" | "key">[], chunks: number): Promise<void> {
  const { key } = steps.find(({ step }) => step === "reference")!;
  const folder = stepFolder(cacheStore(), "reference", key);
  await mkdir(folder, { recursive: true });
  const bytes = Buffer.alloc(referenceBytes({ chunks, context: 8, vocabulary: 16 }));
  bytes.write("_logits_");
  for (const [at, value] of [8, 16, chunks].entries()) bytes.writeInt32LE(value, 8 + 4 * at);
  await writeFile(path.join(folder, "reference"), bytes);
}
