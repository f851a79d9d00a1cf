import { chunksDone } from "../parse/chunks.ts";
import { perplexityPlan } from "../parse/perplexity.ts";

/** Characters of a plan at most, which may come in two pieces. */
const longestPlan = 256;

/**
 * Follows the output of llama-perplexity while it runs.
 *
 * @param onProgress gets the chunks done and their number: when the program has said that, and whenever more are done
 * @returns what takes the output, in pieces as they come
 */
export function followChunks(onProgress: (done: number, chunks: number) => void): (output: string) => void {
  let last = "";
  let done = 0;
  let chunks = 0;
  let told = -1;
  return (output) => {
    if (chunks === 0) {
      const both = last + output;
      chunks = perplexityPlan(both)?.chunks ?? 0;
      last = both.slice(-longestPlan);
    }
    done = chunksDone(output) ?? done;
    if (chunks === 0 || done === told) return;
    told = done;
    onProgress(done, chunks);
  };
}
