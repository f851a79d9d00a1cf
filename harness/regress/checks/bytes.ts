import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { demoModel } from "../../paths.ts";
import { describeDifference, firstDifference } from "../compareBytes.ts";
import { syntheticModel } from "../models.ts";
import { inParallel } from "../parallel.ts";
import { makeImportanceMatrix, quantizeModel, writeConf, type Quantization } from "../programs.ts";
import { attempt, makeTally, onBoth, type Tally } from "../tally.ts";
import type { Check, RegressContext, TestModel } from "../types.ts";

const types = ["Q4_0", "Q4_1", "Q5_0", "Q8_0", "Q4_K_M", "IQ4_NL", "Q6_K"];
/** Of the synthetic model, whose rows are whole blocks of 256: on others upstream falls back to blocks of 32. */
const superblockTypes = ["Q4_K_M", "Q6_K"];

/** Hooks off, without pablo.conf as with one that says simple mode: what is written is upstream's, byte for byte. */
export const bytes: Check = {
  name: "bytes",
  title: "Hooks off: quantized files are byte-identical, with 1 and N threads, pure and mixed, with and without imatrix.",
  targets: async () => ["llama-quantize", "llama-imatrix"],
  async run(context) {
    const tally = makeTally();
    const conf = await writeConf("simple.conf", "0 0 0\n", context);
    // A case has two files on the disk, so of a model of the user's, which may be large, there is one at a time.
    const sets = [
      ...context.models.map((model) => ({ model, types, limit: model.path === demoModel ? context.threads : 1 })),
      { model: await syntheticModel(context.folder), types: superblockTypes, limit: context.threads },
    ];
    const cases = await Promise.all(sets.map(async ({ model, types: wanted }) => casesOf(context, tally, model, wanted)));
    let begun = 0;
    const work = (one: Case) => async (): Promise<void> => {
      const index = begun++;
      context.report(`quantizing ${one.label}`, index / cases.flat().length);
      const folder = path.join(context.folder, `bytes-${index}`);
      await mkdir(folder);
      for (const [where, file] of [["without pablo.conf", null], ["in simple mode", conf]] as const) await compare({ ...context, folder }, tally, one, where, file);
      await rm(folder, { recursive: true });
    };
    for (const [index, { limit }] of sets.entries()) await inParallel(limit, cases[index]!.map(work));
    const { compared, regressed } = tally.counts();
    return tally.outcome(`${compared} files, ${regressed} differ`);
  },
};

interface Case extends Omit<Quantization, "to" | "conf"> {
  label: string;
}

async function casesOf(context: RegressContext, tally: Tally, model: TestModel, wanted: readonly string[]): Promise<Case[]> {
  const { upstream, text, threads, folder, signal } = context;
  const made = await attempt(() => makeImportanceMatrix(upstream, model.path, text, path.join(folder, `${model.name}.imatrix.gguf`), threads, context), signal);
  if ("fault" in made) tally.undecided(`${model.name}: upstream made no importance matrix: ${made.fault}`);
  const matrices = "fault" in made ? [undefined] : [undefined, made.value];
  const counts = [1, Math.max(2, threads)];
  return wanted.flatMap((type) => [true, false].flatMap((pure) => matrices.flatMap((imatrix) => counts.map((count): Case => ({
    model: model.path, type, pure, imatrix, threads: count,
    label: `${model.name} ${type} ${pure ? "pure" : "mixed"}${imatrix ? " imatrix" : ""} ${count} thread${count > 1 ? "s" : ""}`,
  })))));
}

/** Upstream's file is made once for a case and kept for the second way of saying that hooks are off. */
async function compare(context: RegressContext, tally: Tally, { label, ...what }: Case, where: string, conf: string | null): Promise<void> {
  const title = `${label} ${where}`;
  const file = { upstream: path.join(context.folder, "upstream.gguf"), patched: path.join(context.folder, "patched.gguf") };
  // Upstream's failure is entered already.
  if (conf !== null && !existsSync(file.upstream)) return;
  const quantized = await onBoth(tally, context, title, async (build) => {
    if (build === context.upstream && conf !== null) return null;
    const to = file[build.variant];
    await rm(to, { force: true });
    try {
      return await quantizeModel(build, { ...what, to, conf: build === context.upstream ? null : conf }, context);
    } catch (error) {
      await rm(to, { force: true });
      throw error;
    }
  });
  if (!quantized) return;
  const at = await firstDifference(file.upstream, file.patched);
  if (at === undefined) return tally.held();
  const differences = await attempt(() => describeDifference(file.upstream, file.patched), context.signal);
  const lines = "fault" in differences ? [differences.fault] : differences.value;
  const rest = lines.length > 3 ? `; and ${lines.length - 3} more differences` : "";
  tally.regressed(`${title}: byte ${at} of the file; ${lines.slice(0, 3).join("; ")}${rest}`);
}
