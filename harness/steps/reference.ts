import { stat } from "node:fs/promises";
import path from "node:path";
import prettyBytes from "pretty-bytes";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { DiskFull } from "../fileError.ts";
import { readGguf } from "../gguf/read.ts";
import { vocabularySize } from "../gguf/vocabulary.ts";
import { perplexityArguments } from "./arguments.ts";
import { followChunks } from "./followChunks.ts";
import { referenceBytes, referenceHead } from "./referenceFile.ts";
import { leastChunks } from "./room.ts";
import { type Settings, settingsSchema } from "./settings.ts";
import { refuseShortText } from "./shortText.ts";
import { computingFacts, type Step, type Tools } from "./step.ts";

/**
 * The model's own predictions over a text, that cells are compared with. They are large, and told so before they are
 * written.
 */
export const reference: Step<Settings, Record<string, never>> = {
  name: "reference",
  version: 1,
  shared: true,
  config: settingsSchema,
  result: z.strictObject({}),
  configure: ({ study, settings }) => (study.kl_divergence ? settings : null),
  needs: () => ["model", "text"],
  gives: () => ["reference"],
  argv: (settings, at, on) => [
    "llama-perplexity", ...perplexityArguments(settings, { model: at["model"]!, text: at["text"]! }, on), "--kl-divergence-base", at["reference"]!,
  ],
  computes: true,
  facts: computingFacts,
  grows: (settings) => ({ ...settings, chunks: null }),
  writes: (settings, { gguf, textBytes }) => referenceBytes({ chunks: leastChunks(settings, textBytes), context: settings.context, vocabulary: vocabularySize(gguf) ?? 0 }),
  async run(settings, at, on, tools) {
    const vocabulary = vocabularySize(await readGguf(at["model"]!)) ?? 0;
    const file = path.join(tools.folder, "reference");
    const expected = await predict(reference.argv(settings, { ...at, reference: file }, on), settings, {
      tools,
      what: `predictions of ${path.basename(at["model"]!, ".gguf")} over ${path.basename(at["text"]!)}`,
      vocabulary,
    });
    const { size } = await stat(file);
    if (expected === 0) throw new UserError("llama-perplexity did not say over how many chunks it predicts: the model's predictions cannot be trusted");
    if (size !== expected) throw new UserError(`the model's predictions have ${size} bytes, not ${expected}: the disk of ${tools.folder} may be full`);
    const head = await referenceHead(file);
    if (head.context !== settings.context || head.vocabulary !== vocabulary || head.chunks > (settings.chunks ?? Infinity))
      throw new UserError(`llama-perplexity wrote predictions of ${head.chunks} chunks of ${head.context} tokens of a vocabulary of ${head.vocabulary}, where ${settings.chunks ?? "all"} of ${settings.context} of ${vocabulary} were asked for`);
    return {};
  },
  columns: [],
};

/** Runs the program; stops it as soon as it is known that the disk has not enough room. @returns bytes that the file must have */
async function predict(
  argv: string[],
  settings: Settings,
  { tools, what, vocabulary }: { tools: Tools; what: string; vocabulary: number },
): Promise<number> {
  const stop = new AbortController();
  let expected = 0;
  let lack: DiskFull | null = null;
  const announce = (chunks: number): void => {
    expected = referenceBytes({ chunks, context: settings.context, vocabulary });
    tools.note(`${what}: ${prettyBytes(expected)}, kept in the cache; may be deleted`);
    try {
      tools.reserve(expected);
    } catch (error) {
      lack = error as DiskFull;
      stop.abort();
    }
  };
  try {
    const output = await tools.run(argv, {
      signal: AbortSignal.any([tools.signal, stop.signal]),
      onText: followChunks((done, chunks) => {
        if (expected === 0) announce(chunks);
        tools.report(`chunk ${done} of ${chunks}`, done / chunks);
      }),
    });
    refuseShortText(output, settings.context);
    return expected;
  } catch (error) {
    throw lack !== null && !tools.signal.aborted ? lack : error;
  }
}
