import { rm } from "node:fs/promises";
import { mean } from "simple-statistics";
import { z } from "zod";
import type { Frame } from "../analysis/frame.ts";
import { perplexityRatio } from "../analysis/statistics.ts";
import { tokenDivergence } from "../analysis/tokenDivergence.ts";
import { tokenPerplexity } from "../analysis/tokenPerplexity.ts";
import { ParseError, UserError } from "../errors.ts";
import { readGguf } from "../gguf/read.ts";
import { vocabularySize } from "../gguf/vocabulary.ts";
import { agreedDivergence, agreedPerplexity } from "../parse/agreement.ts";
import { parseComparison } from "../parse/comparison.ts";
import { parsePerplexity } from "../parse/perplexity.ts";
import { type AskedEvaluation, frameFault, settingsFault } from "../parse/plausible.ts";
import type { ProcessResult } from "../process/run.ts";
import { batchArguments, deviceArguments, perplexityArguments } from "./arguments.ts";
import { divergenceColumns } from "./divergenceColumns.ts";
import { divergenceSchema, perplexitySchema } from "./evaluationRecord.ts";
import { followChunks } from "./followChunks.ts";
import { chunksPerBatch, firstFrames, keepFrames, lastFramesFile, readFrames, wholeFrames } from "./growingFrames.ts";
import { leastChunks } from "./room.ts";
import { referenceHead } from "./referenceFile.ts";
import { settingsSchema } from "./settings.ts";
import { refuseShortText } from "./shortText.ts";
import { computingFacts, type Column, type Paths, type Step, type Target, type Tools } from "./step.ts";

const config = settingsSchema.extend({
  /** Whether the model's predictions are compared with the reference's. */
  compared: z.boolean(),
});

const result = z.strictObject({
  perplexity: perplexitySchema,
  /** Against the model's own predictions; null unless the study has `kl_divergence`. */
  divergence: divergenceSchema.nullable(),
  /** Wall time of the last run, which evaluated what was missing. */
  perplexitySeconds: z.number().nonnegative(),
  /** Tokens of text evaluated per second by that run; null when it had nothing to evaluate. */
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
  async grown({ context, batch, chunks, compared }, growing) {
    // Frames of a comparison know how many chunks the reference had, not how many the text has.
    const available = compared ? Infinity : ((await readFrames(growing)).frames[0]?.availableChunks ?? Infinity);
    const frames = await firstFrames(growing, Math.min(chunks ?? Infinity, available), chunksPerBatch({ batch, context }));
    return frames && frameFault(frames, { context, perBatch: null, vocabulary: null }) === null ? nothingRun(frames) : null;
  },
  async run(asked, at, on, tools) {
    const wanted = asked.compared ? (await referenceHead(at["reference"]!)).chunks : asked.chunks;
    const expected = await expectedOf(asked, at["quantized"]!, on);
    if (frameFault((await readFrames(tools.growing)).frames, { ...expected, perBatch: null }) !== null) await rm(tools.growing);
    const before = await wholeFrames(tools.growing, wanted, chunksPerBatch(asked));
    if (before.isComplete) return nothingRun(before.frames);
    const first = before.frames.length;
    const file = before.hasMore ? lastFramesFile(tools.growing, wanted!) : tools.growing;
    if (before.hasMore) await rm(file, { force: true });
    const { ended, tokensPerSecond } = await evaluateFrom(first, asked, { ...at, frames: file }, on, tools);
    const frames = before.hasMore ? [...before.frames, ...(await readFrames(file, first)).frames] : (await readFrames(file)).frames;
    try {
      const other = settingsFault(ended, asked);
      if (other !== null) throw new ParseError(other);
      if (!areThose(frames, wanted)) throw notThose(asked, ended, frames.length, first);
      const fault = frameFault(frames, expected);
      if (fault !== null) throw new ParseError(`llama-perplexity wrote frames that are wrong: ${fault}`);
      const agreed = asked.compared ? agreedDivergence : agreedPerplexity;
      agreed(ended, frames.slice(first));
    } catch (error) {
      if (before.hasMore) await rm(file, { force: true });
      else await keepFrames(file, first);
      throw error;
    }
    return { ...measured(frames), perplexitySeconds: ended.seconds, tokensPerSecond };
  },
  columns: [
    { name: "ppl", unit: "", decimals: 4, better: "lower", says: "perplexity: exp of the mean negative log-likelihood", shown: { heading: "perplexity", terminal: 4, page: 4, error: "ppl_error" }, value: ({ perplexity }) => perplexity.ppl },
    { name: "ppl_error", unit: "", decimals: 5, better: "lower", says: "standard error of ppl, tokens taken as independent", value: ({ perplexity }) => perplexity.error },
    { name: "nll", unit: "nats", decimals: null, better: "lower", says: "mean negative log-likelihood of a token", value: ({ perplexity }) => perplexity.nll },
    { name: "chunks", unit: "", decimals: 0, better: null, says: "chunks evaluated", value: ({ perplexity }) => perplexity.chunks.length },
    { name: "perplexity_s", unit: "s", decimals: 3, better: "lower", says: "wall time of llama-perplexity", value: ({ perplexitySeconds }) => perplexitySeconds },
    { name: "tokens_per_s", unit: "tokens/s", decimals: 1, better: "higher", says: "tokens of text evaluated per second", shown: { heading: "tokens/s", terminal: 0, page: 3 }, value: ({ tokensPerSecond }) => tokensPerSecond },
    ...divergenceColumns,
    ...(["mean", "low", "high"] as const).map(ratioColumn),
  ],
};

/** Bytes of what is kept of a chunk: of each evaluated token 16, and where predictions are compared 24 more. */
export function frameBytes({ context, compared }: Pick<Config, "context" | "compared">): number {
  return Math.floor(context / 2) * (compared ? 40 : 16);
}

async function expectedOf(asked: Config, quantized: string, { build }: Target): Promise<AskedEvaluation> {
  const perBatch = build.supports("--ubatch-size") ? chunksPerBatch(asked) : null;
  return { context: asked.context, perBatch, vocabulary: vocabularySize(await readGguf(quantized)) };
}

interface Evaluated {
  ended: ProcessResult;
  /** Null of a run too short to be timed. */
  tokensPerSecond: number | null;
}

async function evaluateFrom(first: number, asked: Config, at: Paths, on: Target, tools: Tools): Promise<Evaluated> {
  tools.report("loading", 0);
  const begun = { time: 0, chunks: 0, last: 0 };
  const ended = await tools.run([...evaluate.argv(asked, at, on), "--frames", at["frames"]!, ...(first > 0 ? ["--first-chunk", String(first)] : [])], {
    onText: followChunks((done, chunks) => {
      const now = performance.now();
      if (begun.time === 0) begun.time = now;
      Object.assign(begun, { chunks, last: now });
      tools.report(`chunk ${Math.max(done, first)} of ${first + chunks}`, Math.min(1, done / (first + chunks)));
    }),
  });
  refuseShortText(ended, asked.context);
  const seconds = (begun.last - begun.time) / 1000;
  return { ended, tokensPerSecond: seconds > 0 ? (begun.chunks * asked.context) / seconds : null };
}

/** Whether a run left the chunks that were asked for, and no others. */
function areThose(frames: readonly Frame[], wanted: number | null): boolean {
  const available = frames.at(-1)?.availableChunks ?? 0;
  return frames.length > 0 && frames.length === Math.min(wanted ?? available, available);
}

function notThose({ compared, chunks }: Config, ended: ProcessResult, found: number, first: number): Error {
  // What it printed may say why.
  if (compared) parseComparison(ended, undefined, first);
  else parsePerplexity(ended, undefined, first);
  return new UserError(`llama-perplexity wrote frames of ${found} chunks, where ${chunks ?? "all"} were asked for: it was built without the base patches, or its disk is full`);
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
