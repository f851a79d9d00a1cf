import { rm } from "node:fs/promises";
import path from "node:path";
import type { Build } from "../../build/build.ts";
import { measureLikelihood, quantizeModel, writeConf } from "../programs.ts";
import { attempt, makeTally, onBoth, type Tally } from "../tally.ts";
import type { Check, RegressContext, TestModel } from "../types.ts";

const chunks = 4;
/** So much may a Q8_0 cache change the perplexity, as a share; it does by a few hundredths of a percent. */
const cacheTolerance = 0.02;

/** Hooks off: each chunk's likelihood is upstream's to the last bit. Hooks on: the KV cache is not decoded. */
export const likelihoods: Check = {
  name: "likelihoods",
  title: "Hooks off: the NLL of each chunk is identical, with KV cache in F16 and Q8_0, with flash attention and without; own-coded models leave the cache alone.",
  targets: async () => ["llama-quantize", "llama-perplexity"],
  async run(context) {
    const tally = makeTally();
    let compared = 0;
    for (const model of context.models) compared += await compareModel(context, tally, model);
    for (const model of context.models) await checkCache(context, tally, model);
    return tally.outcome(`${compared} chunks compared, ${tally.counts().regressed} runs differ or fail`);
  },
};

interface Setting {
  name: string;
  more: string[];
  /** With N threads instead of one. */
  parallel?: boolean;
}

/** Settings of cache, attention, batch and threads that the release has. */
function settings(build: Build): Setting[] {
  if (!build.supports("--flash-attn")) return [{ name: "KV F16", more: [], parallel: true }, { name: "K Q8_0", more: ["-ctk", "q8_0"] }];
  return [
    { name: "KV F16", more: ["-fa", "off"] },
    { name: "KV F16, flash attention", more: ["-fa", "on"], parallel: true },
    { name: "K Q8_0, batches of 96", more: ["-fa", "off", "-ctk", "q8_0", "-ub", "96"] },
    { name: "KV Q8_0, flash attention", more: ["-fa", "on", "-ctk", "q8_0", "-ctv", "q8_0"] },
  ];
}

/** @returns number of chunks compared */
async function compareModel(context: RegressContext, tally: Tally, model: TestModel): Promise<number> {
  let compared = 0;
  for (const { type, pure } of [{ type: "F16", pure: true }, { type: "Q4_0", pure: true }, { type: "Q8_0", pure: true }, { type: "Q4_K_M", pure: false }]) {
    const to = path.join(context.folder, `${model.name}-${type}.gguf`);
    const quantized = type === "F16" ? { value: model.path } : await attempt(async () => {
      await quantizeModel(context.upstream, { model: model.path, to, type, pure, threads: context.threads }, context);
      return to;
    }, context.signal);
    if ("fault" in quantized) {
      tally.undecided(`${model.name} ${type}: upstream did not quantize it: ${quantized.fault}`);
      continue;
    }
    for (const { name, more, parallel = false } of settings(context.upstream)) {
      const threads = parallel ? context.threads : 1;
      const label = `${model.name} ${type}, ${name}, ${threads} thread${threads > 1 ? "s" : ""}`;
      context.report(`likelihood of ${label}`);
      const what = { model: quantized.value, text: context.text, threads, chunks, more };
      const found = await onBoth(tally, context, label, (build) => chunkLikelihoods(build, what, context), !parallel);
      if (!found) continue;
      compared += found.upstream.length;
      const at = found.upstream.findIndex((value, chunk) => value !== found.patched[chunk]);
      const counts = [found.patched, found.upstream].map(({ length }) => length);
      if (counts[0] !== counts[1]) tally.regressed(`${label}: ${counts[0]} chunks, upstream ${counts[1]}`);
      else if (at < 0) tally.held();
      else tally.regressed(`${label}: chunk ${at + 1} has NLL ${found.patched[at]}, upstream's ${found.upstream[at]}`);
    }
    await rm(to, { force: true });
  }
  return compared;
}

async function chunkLikelihoods(build: Build, what: Parameters<typeof measureLikelihood>[1], context: RegressContext): Promise<number[]> {
  const { chunkNll, nll } = await measureLikelihood(build, what, context);
  return chunkNll ?? [nll];
}

/** An own-coded model with a quantized cache must give what it gives with a plain one. */
async function checkCache(context: RegressContext, tally: Tally, model: TestModel): Promise<void> {
  const { patched, text, signal } = context;
  const [plain, cached] = [settings(patched)[0]!, settings(patched).at(-1)!];
  const schemes = [{ name: "centred", type: "Q4_0", conf: "1 1 0\n" }, { name: "balanced table", type: "Q8_0", conf: "1 0 1\n" }];
  for (const scheme of schemes) {
    const label = `${model.name}, ${scheme.name}`;
    context.report(`likelihood of ${label}`);
    const to = path.join(context.folder, "own.gguf");
    const conf = await writeConf("own.conf", scheme.conf, context);
    const found = await attempt(async () => {
      await quantizeModel(patched, { model: model.path, to, type: scheme.type, pure: true, threads: 1, conf }, context);
      const measure = ({ more }: Setting): ReturnType<typeof measureLikelihood> => measureLikelihood(patched, { model: to, text, threads: 1, chunks, more }, context);
      const both = await Promise.all([measure(plain), measure(cached)]);
      return both.map(({ ppl }) => ppl) as [number, number];
    }, signal);
    if ("fault" in found) tally.regressed(`${label}: ${found.fault}`);
    else {
      const [before, after] = found.value;
      if (Math.abs(after / before - 1) <= cacheTolerance) tally.held();
      else tally.regressed(`${label}: perplexity is ${before}, but ${after} with ${cached.name}: the cache is decoded as weights are`);
    }
    await rm(to, { force: true });
  }
}
