import { UserError } from "../errors.ts";
import { parseDivergence } from "../parse/divergence.ts";
import { run } from "../process/run.ts";
import type { RecordedDivergence } from "../store/record.ts";
import { followChunks } from "./followChunks.ts";
import type { StepContext, StepResult } from "./quantize.ts";

/**
 * Compare a model's predictions with the original's.
 *
 * @param argumentList arguments of llama-perplexity
 * @param chunks how many chunks the text has
 * @throws ParseError when the statistics are incomplete or not finite
 */
export async function measureDivergence(
  argumentList: string[],
  chunks: number,
  context: StepContext,
): Promise<{ result: RecordedDivergence; step: StepResult }> {
  const { report } = context;
  report("divergence", "loading", 0);
  const step = await run(context.program, argumentList, {
    cwd: context.folder,
    env: context.environment,
    signal: context.signal,
    onText: followChunks((done, all) => report("divergence", `chunk ${done} of ${all}`, Math.min(1, done / all))),
  });
  const found = parseDivergence(step, chunks);
  if (!found.chunkKld) throw new UserError("llama-perplexity printed no divergence for each chunk: it was built without the base patches");
  const { kld, kldQuantiles, kldMaximum, sameTop, probabilityChange, probabilityChangeRms, chunkKld } = found;
  const result: RecordedDivergence = {
    mean: kld.value,
    error: kld.error,
    median: kldQuantiles["50.0"],
    p90: kldQuantiles["90.0"],
    p95: kldQuantiles["95.0"],
    p99: kldQuantiles["99.0"],
    p999: kldQuantiles["99.9"],
    maximum: kldMaximum,
    sameTop: sameTop.value,
    sameTopError: sameTop.error,
    probabilityRms: probabilityChangeRms.value,
    probabilityRmsError: probabilityChangeRms.error,
    probabilityMean: probabilityChange.value,
    probabilityMeanError: probabilityChange.error,
    chunks: chunkKld,
  };
  return { result, step };
}
