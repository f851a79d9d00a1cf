import { rm } from "node:fs/promises";
import { mean } from "simple-statistics";
import { z } from "zod";
import type { Frame } from "../analysis/frame.ts";
import { perplexityRatio } from "../analysis/statistics.ts";
import { tokenDivergence } from "../analysis/tokenDivergence.ts";
import { tokenPerplexity } from "../analysis/tokenPerplexity.ts";
import { UserError } from "../errors.ts";
import { readGguf } from "../gguf/read.ts";
import { vocabularySize } from "../gguf/vocabulary.ts";
import { frameBytes } from "../parse/frames.ts";
import { type AskedEvaluation, frameFault } from "../parse/plausible.ts";
import { batchArguments, deviceArguments, perplexityArguments } from "./arguments.ts";
import { divergenceColumns } from "./divergenceColumns.ts";
import { divergenceSchema, perplexitySchema } from "./evaluationRecord.ts";
import { evaluateBehind } from "./evaluateBehind.ts";
import { chunksPerBatch, firstFrames, lastFramesFile, readFrames, wholeChunks, wholeFrames } from "./growingFrames.ts";
import { begunPart, partFile } from "./partFrames.ts";
import { leastChunks } from "./room.ts";
import { referenceHead } from "./referenceFile.ts";
import { settingsSchema } from "./settings.ts";
import { computingFacts, type Column, type Paths, type Step, type Target } from "./step.ts";

const config = settingsSchema.extend({
  /** Whether the model's predictions are compared with the reference's. */
  compared: z.boolean(),
});

const result = z.strictObject({
  perplexity: perplexitySchema,
  /** Against the model's own predictions; null unless the study has `kl_divergence`. */
  divergence: divergenceSchema.nullable(),
  /** Wall time of the last run, which evaluated what was missing; 0 when nothing was. */
  perplexitySeconds: z.number().nonnegative(),
  /** Tokens of text evaluated per second by that run; null when it had nothing to evaluate, or was too short to be timed. */
  tokensPerSecond: z.number().positive().nullable(),
});

type Config = z.infer<typeof config>;
type Result = z.infer<typeof result>;

/** How well a model predicts a text. */
export type Evaluation = Result;

const ratioNames = { mean: "ln_ppl_ratio", low: "ln_ppl_ratio_low", high: "ln_ppl_ratio_high" } as const;

/** ln of the ratio of the perplexities, the cell's over the original's, with its 95 % interval, paired by chunk. */
function ratioColumn(part: keyof typeof ratioNames): Column<Result> {
  const says = { mean: "ln of the cell's perplexity over the original's", low: "lower bound of its 95 % interval, paired by chunk", high: "upper bound of its 95 % interval" }[part];
  return {
    name: ratioNames[part], unit: "", decimals: 7, better: "lower", says,
    value: ({ perplexity }, original) => {
      const ratio = perplexityRatio(original?.perplexity.chunks ?? [], perplexity.chunks);
      return ratio && (part === "mean" ? Math.log(ratio.mean) : Math.log(ratio[part]));
    },
  };
}

/**
 * A model on a text, token by token, in one pass: perplexity, and where there is a reference the divergence from it. What
 * was evaluated is kept chunk by chunk, so that a run that was stopped, or one of more chunks, goes on behind it.
 */
export const evaluate: Step<Config, Result> = {
  name: "evaluate",
  version: 1,
  config,
  result,
  configure: ({ study, settings }) => ({ ...settings, compared: study.kl_divergence === true }),
  needs: ({ compared }) => ["quantized", compared ? "reference" : "text"],
  gives: () => [],
  argv: (asked, at, on) => [
    "llama-perplexity",
    ...(asked.compared
      ? ["-m", at["quantized"]!, "--kl-divergence", "--kl-divergence-base", at["reference"]!, ...batchArguments(asked, on), ...deviceArguments(on)]
      : perplexityArguments(asked, { model: at["quantized"]!, text: at["text"]! }, on)),
  ],
  computes: true,
  facts: computingFacts,
  writes: (asked, { textBytes }) => leastChunks(asked, textBytes) * frameBytes(asked),
  grows: (asked) => ({ ...asked, chunks: null }),
  async grown({ context, batch, chunks, compared }, growing, input) {
    const { frames: all } = await readFrames(growing);
    if (all.length === 0) return null;
    // Frames of a comparison know how many chunks the reference had, which may have been another; not how many the text has.
    const available = !compared ? all[0]!.availableChunks : all.length >= (chunks ?? Infinity) ? Infinity : (await referenceHead(await input("reference"))).chunks;
    const frames = await firstFrames(growing, Math.min(chunks ?? Infinity, available), chunksPerBatch({ batch, context }));
    return frames && frameFault(frames, { context, perBatch: null, vocabulary: null }) === null ? nothingRun(frames) : null;
  },
  async run(asked, at, on, tools) {
    const wanted = await wantedChunks(asked, at);
    const expected = await expectedOf(asked, at["quantized"]!, on);
    if (frameFault((await readFrames(tools.growing)).frames, { ...expected, perBatch: null }) !== null) await rm(tools.growing);
    const before = await wholeFrames(tools.growing, wanted, chunksPerBatch(asked));
    if (before.isComplete) return nothingRun(before.frames);
    const file = before.hasMore ? lastFramesFile(tools.growing, wanted!) : tools.growing;
    if (before.hasMore) await rm(file, { force: true });
    const begun = before.hasMore ? { file, begin: before.frames.length, frames: [] } : { file, begin: 0, frames: before.frames };
    const evaluated = await evaluateBehind(begun, { argv: evaluate.argv(asked, at, on), end: wanted, compared: asked.compared, expected }, tools);
    if (!evaluated) throw new UserError(`llama-perplexity found no chunk behind the first ${before.frames.length}, where ${wanted ?? "all"} were asked for: remove ${tools.growing}, and run again`);
    return { ...measured(before.hasMore ? [...before.frames, ...evaluated.frames] : evaluated.frames), perplexitySeconds: evaluated.seconds, tokensPerSecond: evaluated.tokensPerSecond };
  },
  async part(asked, { first, count }, at, on, tools) {
    const [wanted, perBatch] = [await wantedChunks(asked, at), chunksPerBatch(asked)];
    const end = count === null ? wanted : Math.min(first + count, wanted ?? Infinity);
    const from = Math.max(first, await wholeChunks(tools.growing, wanted, perBatch));
    if (from >= (end ?? Infinity)) return 0;
    const expected = await expectedOf(asked, at["quantized"]!, on);
    const { file } = partFile(tools.growing, first);
    const begun = await begunPart(file, { from, end, perBatch }, (frames) => frameFault(frames, { ...expected, perBatch: null }) === null);
    const next = begun.begin + begun.frames.length;
    if (next >= (end ?? begun.frames[0]?.availableChunks ?? Infinity)) return 0;
    const argv = [...evaluate.argv({ ...asked, chunks: end }, at, on), ...(asked.compared && end !== null ? ["--chunks", String(end)] : [])];
    const evaluated = await evaluateBehind({ file, ...begun }, { argv, end, compared: asked.compared, expected }, tools);
    return (evaluated?.frames.length ?? begun.frames.length) - begun.frames.length;
  },
  columns: [
    { name: "ppl", unit: "", decimals: 4, better: "lower", says: "perplexity: exp of the mean negative log-likelihood", shown: { heading: "perplexity", terminal: 4, page: 4, error: "ppl_error" }, value: ({ perplexity }) => perplexity.ppl },
    { name: "ppl_error", unit: "", decimals: 5, better: "lower", says: "standard error of ppl, tokens taken as independent", value: ({ perplexity }) => perplexity.error },
    { name: "nll", unit: "nats", decimals: null, better: "lower", says: "mean negative log-likelihood of a token", value: ({ perplexity }) => perplexity.nll },
    { name: "chunks", unit: "", decimals: 0, better: null, says: "chunks evaluated", value: ({ perplexity }) => perplexity.chunks.length },
    { name: "perplexity_s", unit: "s", decimals: 3, better: "lower", says: "wall time of llama-perplexity's last run, which evaluated what was missing; empty when nothing was", value: ({ perplexitySeconds }) => perplexitySeconds || null },
    { name: "tokens_per_s", unit: "tokens/s", decimals: 1, better: "higher", says: "tokens of text evaluated per second", shown: { heading: "tokens/s", terminal: 0, page: 3 }, value: ({ tokensPerSecond }) => tokensPerSecond },
    ...divergenceColumns,
    ...(["mean", "low", "high"] as const).map(ratioColumn),
  ],
};

/** How many chunks there shall be; null for all that the text has. */
async function wantedChunks({ compared, chunks }: Config, at: Paths): Promise<number | null> {
  return compared ? (await referenceHead(at["reference"]!)).chunks : chunks;
}

async function expectedOf(asked: Config, quantized: string, { build }: Target): Promise<AskedEvaluation> {
  const perBatch = build.supports("--ubatch-size") ? chunksPerBatch(asked) : null;
  return { context: asked.context, perBatch, vocabulary: vocabularySize(await readGguf(quantized)) };
}

function nothingRun(frames: readonly Frame[]): Result {
  return { ...measured(frames), perplexitySeconds: 0, tokensPerSecond: null };
}

function measured(frames: readonly Frame[]): Pick<Result, "perplexity" | "divergence"> {
  const { ppl, error, chunks } = tokenPerplexity(frames);
  const perplexity = { ppl, error, nll: mean(chunks), chunks };
  if (frames[0]!.reference === null) return { perplexity, divergence: null };
  // What a comparison says of the perplexity is computed in single precision.
  const { ppl: _ppl, pplError: _error, logRatio: _ratio, ...divergence } = tokenDivergence(frames);
  return { perplexity, divergence };
}
