import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { type Gguf, readGguf } from "../gguf/read.ts";
import { activeWeights, weightsOf } from "../gguf/weights.ts";
import type { Paths, Target } from "../steps/step.ts";
import { momentsPasses } from "../steps/momentsBytes.ts";
import { referenceHead } from "../steps/referenceFile.ts";
import { estimatedChunks } from "../steps/tokens.ts";
import { keepRate } from "../store/rates.ts";
import type { Executed, PartExecuted } from "./execute.ts";
import type { PlannedStep } from "./job.ts";
import { stepNamed } from "./stepNamed.ts";
import { takeTurns } from "./takeTurns.ts";
import { stepRate } from "./work.ts";

/**
 * Remembers how long a step took that computed all that it is about, unless it shared with other cells what it was computed by.
 *
 * @param read where the files lay that it read
 */
export async function keepStepRate(planned: PlannedStep, makers: ReadonlyMap<string, PlannedStep>, { record, kept }: Executed, read: Paths, on: Target): Promise<void> {
  await keep({ planned, makers, read, on }, record.seconds, async (gguf) => {
    const { perplexity } = record.result as { perplexity?: { chunks: unknown[] } };
    if (perplexity) return perplexity.chunks.length;
    if (kept["reference"] !== undefined) return (await referenceHead(kept["reference"])).chunks;
    const training = read["training"];
    if (training === undefined) return 0;
    const once = await estimatedChunks(planned.config, { path: training, bytes: (await stat(training)).size }, gguf);
    return planned.step === "moments" ? once * momentsPasses(gguf, on.memory) : once;
  });
}

/** Remembers how long a part of an evaluation took, likewise. */
export async function keepPartRate(planned: PlannedStep, makers: ReadonlyMap<string, PlannedStep>, { chunks, seconds, read }: PartExecuted, on: Target): Promise<void> {
  if (chunks > 0) await keep({ planned, makers, read, on }, seconds, async () => chunks);
}

interface Took {
  planned: PlannedStep;
  makers: ReadonlyMap<string, PlannedStep>;
  read: Paths;
  on: Target;
}

async function keep({ planned, makers, read, on }: Took, seconds: number, chunksOf: (gguf: Gguf) => Promise<number>): Promise<void> {
  const file = read["model"] ?? read["quantized"];
  if (file === undefined || isHeldUp(planned, on)) return;
  const gguf = await readGguf(file);
  await keepRate(stepRate(planned, makers, { weights: weightsOf(gguf.tensors), active: activeWeights(gguf), chunks: await chunksOf(gguf) }, on), seconds);
}

/** Whether cells that go on at the same time take a share of what a step is computed by. */
function isHeldUp({ step }: PlannedStep, { atOnce, device, threads }: Target): boolean {
  if (!atOnce) return false;
  const onProcessors = takeTurns(atOnce.inAll, Number(threads), availableParallelism());
  if (!device || !stepNamed(step).computes) return onProcessors;
  return atOnce.onDevice > 1 || (step === "moments" && onProcessors);
}
