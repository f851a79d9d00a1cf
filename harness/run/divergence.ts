import { UserError } from "../errors.ts";
import { parseDivergence } from "../parse/divergence.ts";
import type { RecordedDivergence } from "../store/record.ts";
import { followChunks } from "./followChunks.ts";
import type { StepContext } from "./quantize.ts";

/**
 * Compare a model's predictions with the original's.
 *
 * @param argumentList arguments of llama-perplexity
 * @param chunks how many chunks the text has
 * @throws ParseError when the statistics are incomplete or not finite
 */
export async function measureDivergence(argumentList: string[], chunks: number, { run, report }: StepContext): Promise<RecordedDivergence> {
  report("divergence", "loading", 0);
  const onText = followChunks((done, all) => report("divergence", `chunk ${done} of ${all}`, Math.min(1, done / all)));
  const found = parseDivergence(await run("llama-perplexity", argumentList, { onText }, "divergence"), chunks);
  if (!found.chunkKld) throw new UserError("llama-perplexity printed no divergence for each chunk: it was built without the base patches");
  const { kld, kldQuantiles, kldMaximum, sameTop, probabilityChange, probabilityChangeRms, chunkKld } = found;
  return {
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
}
