import path from "node:path";
import { writeFile } from "node:fs/promises";
import type { Build } from "../build/build.ts";
import { finiteNumber } from "../parse/numbers.ts";
import { parsePerplexity, type Perplexity } from "../parse/perplexity.ts";
import { run, type ProcessResult } from "../process/run.ts";
import { deviceArguments, perplexityArguments } from "../steps/arguments.ts";
import { childEnvironment } from "../steps/environment.ts";
import { quantizeArguments } from "../steps/quantize.ts";
import type { RegressContext } from "./types.ts";

type Place = Pick<RegressContext, "folder" | "signal" | "stallSeconds">;

/**
 * Runs a program of a build in the checks' folder, where no pablo.conf lies.
 *
 * @param conf path of the pablo.conf that it shall find; null for none
 * @param more variables besides
 * @throws {ProcessError} it failed
 */
export async function runProgram(build: Build, name: string, args: string[], { folder, signal, stallSeconds }: Place, conf: string | null = null, more: Readonly<Record<string, string>> = {}): Promise<ProcessResult> {
  return run(build.binary(name), args, { cwd: folder, env: { ...childEnvironment(conf), ...more }, signal, stallSeconds, timeoutSeconds: 1800 });
}

/**
 * Runs a program as {@link runProgram} does, and says how much processor time it took, in seconds: on a
 * busy machine that tells more than time on the clock.
 */
export async function processorSeconds(build: Build, name: string, args: string[], { folder, signal, stallSeconds }: Place, conf: string | null = null): Promise<number> {
  const timed = ["-c", 'TIMEFORMAT="%U %S"; time "$0" "$@"', build.binary(name), ...args];
  const { stderr } = await run("bash", timed, { cwd: folder, env: { ...childEnvironment(conf), LC_ALL: "C" }, signal, stallSeconds, timeoutSeconds: 1800 });
  const [, user, system] = /(\d+\.\d+) (\d+\.\d+)\s*$/.exec(stderr) ?? [];
  return finiteNumber(user, `The processor time of ${name}`) + finiteNumber(system, `The system's time for ${name}`);
}

/** How a model is quantized. */
export interface Quantization {
  model: string;
  /** File to write. */
  to: string;
  /** Type as llama-quantize takes it. */
  type: string;
  /** One type for the whole model instead of upstream's mixture. */
  pure: boolean;
  threads: number;
  /** Path of an importance matrix. */
  imatrix?: string | undefined;
  /** Path of a pablo.conf. */
  conf?: string | null;
}

/** Quantizes a model. @throws {ProcessError} it failed */
export async function quantizeModel(build: Build, what: Quantization, place: Place): Promise<ProcessResult> {
  const { model, to, imatrix, conf = null } = what;
  return runProgram(build, "llama-quantize", quantizeArguments({ ...what, imatrix: imatrix !== undefined }, { model, quantized: to, ...(imatrix && { imatrix }) }, String(what.threads)), place, conf);
}

/** How a text's likelihood is measured. */
export interface Likelihood {
  model: string;
  text: string;
  threads: number;
  chunks: number;
  /** Further arguments, such as those of the KV cache. */
  more?: readonly string[];
}

/**
 * Measures perplexity on the processor, with context, batches and threads pinned.
 *
 * @throws {ProcessError} it failed
 * @throws {ParseError} no final estimate, too few chunks, or a value that is not finite
 */
export async function measureLikelihood(build: Build, what: Likelihood, place: Place): Promise<Perplexity> {
  const { model, text, threads, chunks, more = [] } = what;
  const args = perplexityArguments({ context: 512, batch: 2048, ubatch: 512, chunks }, { model, text }, { build, threads: String(threads) });
  return parsePerplexity(await runProgram(build, "llama-perplexity", [...args, ...more], place), chunks);
}

/** Makes an importance matrix from the beginning of a text. @returns its path */
export async function makeImportanceMatrix(build: Build, model: string, text: string, to: string, threads: number, place: Place): Promise<string> {
  const args = ["-m", model, "-f", text, "-o", to, "-c", "512", "-t", String(threads), "--chunks", "4", ...deviceArguments({ build })];
  await runProgram(build, "llama-imatrix", args, place);
  return to;
}

/** Writes a pablo.conf into the checks' folder. @returns its path */
export async function writeConf(name: string, text: string, { folder }: Place): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}
