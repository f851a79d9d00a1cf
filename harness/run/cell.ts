import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Build } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { type KeyInputs, cellKey } from "../store/key.ts";
import { run } from "../process/run.ts";
import type { CellRecord } from "../store/record.ts";
import { writeFailure, writeRecord } from "../store/store.ts";
import { confText } from "../study/conf.ts";
import type { Cell } from "../study/types.ts";
import { divergenceArguments, hasType, keySteps, misfits, perplexityArguments, quantizeArguments, type Settings } from "./arguments.ts";
import { buildInputs } from "./buildInputs.ts";
import { measureDivergence } from "./divergence.ts";
import { childEnvironment } from "./environment.ts";
import type { StepReport } from "./events.ts";
import type { Imatrix } from "./imatrix.ts";
import type { Content, Model } from "./inputs.ts";
import { inspect } from "./inspect.ts";
import type { Logits } from "./logits.ts";
import { measurePerplexity } from "./perplexity.ts";
import { quantize, type StepContext } from "./quantize.ts";
import { reasonOf } from "./reason.ts";

/** What the cells of one sweep share. */
export interface CellContext {
  results: string;
  build: Build;
  model: Model;
  text: Content;
  settings: Settings;
  /** The study's importance matrix; null when it has none. */
  imatrix: Imatrix | null;
  /** The model's own predictions; null when cells are not compared with them. */
  logits: Logits | null;
}

const names = { conf: "pablo.conf", histogram: "histogram.json", quantized: "quantized.gguf" } as const;

/** Everything that determines what the cell gives. */
export function keyInputs(cell: Cell, { build, model, text, settings, imatrix, logits }: CellContext): KeyInputs {
  const options = { klDivergence: logits !== null, imatrixChunks: imatrix?.chunks ?? null };
  return {
    ...buildInputs(build),
    model: model.sha256,
    text: text.sha256,
    ...(cell.imatrix && imatrix && { imatrixText: imatrix.text.sha256 }),
    conf: confText(cell, names.histogram),
    steps: keySteps(cell, settings, model.gguf, build.lacks, options),
  };
}

/** Folder for what sweeps write and delete again, within a results folder. */
export function temporaryFolder(results: string): string {
  return path.join(results, "temporary");
}

/**
 * Quantize, inspect, measure, and keep the record. Whatever happens, the quantized file is deleted;
 * a failure is kept with its reason.
 *
 * @throws AbortError when `signal` fires; nothing is kept then
 * @throws UserError and others with the reason when the cell fails
 */
export async function runCell(cell: Cell, context: CellContext, report: StepReport, signal: AbortSignal): Promise<CellRecord> {
  const inputs = keyInputs(cell, context);
  const key = cellKey(inputs);
  await mkdir(temporaryFolder(context.results), { recursive: true });
  const folder = await mkdtemp(path.join(temporaryFolder(context.results), "cell-"));
  const logs: Record<string, string> = {};
  try {
    const { record, files } = await measure(cell, context, folder, logs, report, signal);
    return await writeRecord(context.results, { key, inputs, ...record }, { ...files, ...logs });
  } catch (error) {
    const stopped = signal.aborted || (error as Error).name === "AbortError";
    if (!stopped) await writeFailure(context.results, key, reasonOf(error), logs);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Measured = Omit<CellRecord, "key" | "inputs" | "files" | "format">;

async function measure(
  cell: Cell,
  { build, model, text, settings, imatrix, logits }: CellContext,
  folder: string,
  logs: Record<string, string>,
  report: StepReport,
  signal: AbortSignal,
): Promise<{ record: Measured; files: Record<string, string> }> {
  const conf = confText(cell, names.histogram);
  const confFile = conf === null ? null : path.join(folder, names.conf);
  if (confFile !== null) await writeFile(confFile, conf ?? "");
  const argv: string[][] = [];
  const step: StepContext = {
    report,
    async run(program, argumentList, options, logName = program) {
      argv.push([program, ...argumentList]);
      const log = path.join(folder, `${logName}.log`);
      logs[`${logName}.log`] = log;
      try {
        const result = await run(build.binary(program), argumentList, { cwd: folder, env: childEnvironment(confFile), signal, ...options });
        await writeFile(log, `${result.stdout}\n--- stderr ---\n${result.stderr}`);
        return result;
      } catch (error) {
        await writeFile(log, String((error as { output?: string }).output ?? (error as Error).message));
        throw error;
      }
    },
  };

  const misfitting = misfits(model.gguf, cell.type);
  if (misfitting[0] && build.lacks?.includes("--tensor-type")) {
    throw new UserError(`llama.cpp ${build.release} cannot keep ${misfitting[0].name} in another type than the rest (${misfitting[0].reason}); use a newer release`);
  }
  const quantizes = !hasType(model.gguf, cell.type);
  const measured = quantizes ? names.quantized : model.path;
  let quantizeSeconds: number | null = null;
  if (quantizes) {
    const list = quantizeArguments(cell, settings, misfitting, {
      model: model.path, quantized: names.quantized, ...(cell.imatrix && imatrix && { imatrix: await imatrix.file() }),
    });
    quantizeSeconds = (await quantize(list, step)).seconds;
  }
  report("inspect", "counting codes");
  const histogram = conf === null ? null : path.join(folder, names.histogram);
  const inspection = await inspect(path.resolve(folder, measured), histogram, cell, { misfitting, original: model.gguf, folder, signal });
  const list = perplexityArguments(settings, { model: measured, text: text.path }, build.lacks);
  const { result: perplexity, tokensPerSecond, seconds } = await measurePerplexity(list, settings, step);
  const compare = async (base: string): Promise<CellRecord["divergence"]> =>
    measureDivergence(divergenceArguments(settings, { model: measured, logits: base }, build.lacks), perplexity.chunks.length, step);
  const record: Measured = {
    ...inspection,
    perplexity,
    divergence: logits && (await compare(await logits.file())),
    quantizeSeconds,
    perplexitySeconds: seconds,
    tokensPerSecond,
    argv,
    date: new Date().toISOString(),
  };
  const files = confFile === null ? {} : { [names.conf]: confFile, [names.histogram]: path.join(folder, names.histogram) };
  return { record, files };
}
