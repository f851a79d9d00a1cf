import { rm } from "node:fs/promises";
import type { Frame } from "../analysis/frame.ts";
import { ParseError, UserError } from "../errors.ts";
import { agreedDivergence, agreedPerplexity } from "../parse/agreement.ts";
import { parseComparison } from "../parse/comparison.ts";
import { bothStreams } from "../parse/numbers.ts";
import { beginningStamp, parsePerplexity } from "../parse/perplexity.ts";
import { type AskedEvaluation, frameFault, settingsFault } from "../parse/plausible.ts";
import { ProcessError } from "../process/processError.ts";
import type { ProcessResult } from "../process/run.ts";
import { ComputedElsewhere } from "./computedElsewhere.ts";
import { followChunks } from "./followChunks.ts";
import { keepFrames, readFrames } from "./growingFrames.ts";
import { refuseShortText } from "./shortText.ts";
import type { Tools } from "./step.ts";

/** A file of frames that is gone on behind: the chunk that it begins at, and what it has. */
export interface Begun {
  file: string;
  begin: number;
  frames: readonly Frame[];
}

/** What is evaluated. */
export interface Chunks {
  /** The program and its arguments, but for where it begins and where frames go. */
  argv: readonly string[];
  /** Chunk behind the last; null for the text's end. */
  end: number | null;
  compared: boolean;
  expected: AskedEvaluation;
}

/** Seconds below which starting a program and hearing of it are too much of what is timed. */
const shortestTimed = 0.05;

/** What there is afterwards. */
export interface Evaluated {
  /** All of the file's. */
  frames: Frame[];
  /** Wall time of the program. */
  seconds: number;
  /** Null of a run too short to be timed. */
  tokensPerSecond: number | null;
}

/**
 * Evaluates the chunks behind those that a file of frames has. What the program printed must agree with what it wrote, and
 * it must have computed where it was to; else the file is left as it was found.
 *
 * @returns null when the text ends before the first of them
 * @throws ParseError or UserError saying what is missing or wrong
 */
export async function evaluateBehind({ file, begin, frames: before }: Begun, { argv, end, compared, expected }: Chunks, tools: Tools): Promise<Evaluated | null> {
  const first = begin + before.length;
  const restore = async (): Promise<void> => {
    if (before.length === 0) await rm(file, { force: true });
    else await keepFrames(file, before.length, await readFrames(file, begin));
  };
  const ran = await runFrom(first, begin, [...argv, "--frames", file], expected.context, tools).catch(async (error: unknown) => {
    if (error instanceof ComputedElsewhere) await restore();
    throw error;
  });
  if (ran === null) return null;
  const { frames } = await readFrames(file, begin);
  try {
    const other = settingsFault(ran.ended, expected);
    if (other !== null) throw new ParseError(other);
    if (!areThose(frames, end)) throw notThose({ compared, end }, ran.ended, begin + frames.length, first);
    const fault = frameFault(frames, expected);
    if (fault !== null) throw new ParseError(`llama-perplexity wrote frames that are wrong: ${fault}`);
    const agreed = compared ? agreedDivergence : agreedPerplexity;
    agreed(ran.ended, frames.slice(before.length));
  } catch (error) {
    await restore();
    throw error;
  }
  return { frames, seconds: ran.ended.seconds, tokensPerSecond: ran.tokensPerSecond };
}

async function runFrom(first: number, begin: number, argv: readonly string[], context: number, tools: Tools): Promise<{ ended: ProcessResult; tokensPerSecond: number | null } | null> {
  tools.report("loading", 0);
  const begun = { time: 0, chunks: 0, last: 0 };
  const started = performance.now();
  try {
    const ended = await tools.run([...argv, ...(first > 0 ? ["--first-chunk", String(first)] : [])], {
      onText: followChunks((done, chunks) => {
        const now = performance.now();
        if (begun.time === 0) begun.time = now;
        Object.assign(begun, { chunks, last: now });
        tools.report(`chunk ${Math.max(done, first)} of ${first + chunks}`, Math.min(1, Math.max(0, done - begin) / (first + chunks - begin)));
      }),
    });
    refuseShortText(ended, context);
    if (/over 0 chunks, n_ctx=/.test(bothStreams(ended))) return null;
    // What a device computes in a moment may be heard of all at once, and then began earlier than was heard.
    const stamp = beginningStamp(bothStreams(ended));
    const seconds = (begun.last - (stamp === undefined ? begun.time : started + 1000 * stamp)) / 1000;
    return { ended, tokensPerSecond: seconds >= shortestTimed ? (begun.chunks * context) / seconds : null };
  } catch (error) {
    if (error instanceof ProcessError && /--first-chunk \d+ is outside of the chunks that there are/.test(error.output)) return null;
    throw error;
  }
}

/** Whether a run left the chunks that were asked for, and no others. */
function areThose(frames: readonly Frame[], end: number | null): boolean {
  const last = frames.at(-1);
  return last !== undefined && last.chunk + 1 === Math.min(end ?? last.availableChunks, last.availableChunks);
}

function notThose({ compared, end }: Pick<Chunks, "compared" | "end">, ended: ProcessResult, found: number, first: number): Error {
  // What it printed may say why.
  if (compared) parseComparison(ended, undefined, first);
  else parsePerplexity(ended, undefined, first);
  return new UserError(`llama-perplexity wrote frames of ${found} chunks, where ${end ?? "all"} were asked for: it was built without the base patches, or its disk is full`);
}
