import { writeFile } from "node:fs/promises";
import { devNull } from "node:os";
import path from "node:path";
import type { Build, Variant } from "../build/build.ts";
import { ParseError } from "../errors.ts";
import { parseBench } from "../parse/bench.ts";
import { parseQuantize } from "../parse/quantize.ts";
import { run, type ProcessResult, type RunOptions } from "../process/run.ts";
import { watchLayers } from "../jobs/onDevice.ts";
import type { Device } from "../steps/devices.ts";
import { childEnvironment } from "../steps/environment.ts";
import { watchMemory, type PeakMemory } from "./memory.ts";
import { watchOthers } from "./others.ts";
import type { Reading } from "./rounds.ts";
import type { SourceModel } from "./sourceModel.ts";
import type { Subject } from "./subjects.ts";

/** What a measurement needs besides its subject. */
export interface Setting {
  builds: Readonly<Record<Variant, Pick<Build, "binary">>>;
  /** What models are computed on; null for the processor. */
  device: Device | null;
  /** Folder for what is thrown away in the end. */
  folder: string;
  /** The F16 model that everything is made from. */
  model: SourceModel;
  threads: number;
  signal: AbortSignal;
}

/** Measures a subject once. Memory of a process that was too short to be seen is left out. */
export type Instrument = (subject: Subject, setting: Setting) => Promise<Reading>;

const promptTokens = 512;
const generatedTokens = 64;

const repetitions = 3;

/** Path of the quantized file that a subject reads. */
export function quantizedFile(subject: Subject, { folder }: Setting): string {
  return path.join(folder, `${(subject.file ?? subject.name).replace(/\W+/g, "-")}.gguf`);
}

/** Quantizes to nowhere: a disk's moods are no property of a program. */
export const measureQuantize: Instrument = async (subject, setting) => {
  const { result, memory, others } = await quantize(subject, setting, devNull);
  const seconds = parseQuantize(result);
  if (!(seconds > 0)) throw new ParseError(`llama-quantize says that ${subject.name} took ${seconds} s.`);
  return { values: { quantize: setting.model.bytes / 1e9 / seconds, ...(memory.own > 0 && { quantizeMemory: memory.own / 1e9 }) }, others };
};

/** Makes the file that a subject reads. */
export async function makeQuantized(subject: Subject, setting: Setting): Promise<void> {
  await quantize(subject, setting, quantizedFile(subject, setting));
}

/**
 * Speed of a prompt and of single tokens: of a few repetitions the fastest, since what else a machine does can
 * only slow a program down. The first of them is the warm-up; on a device, which may compile its kernels first, there is one
 * besides.
 */
export const measureSpeed: Instrument = async (subject, setting) => {
  const { result, others } = await bench(subject, setting, ["-r", String(repetitions), ...(setting.device ? [] : ["--no-warmup"]), "-p", String(promptTokens), "-n", String(generatedTokens)]);
  const entries = parseBench(result.stdout);
  const speed = (prompt: number, generated: number): number => {
    const entry = entries.find((one) => one.promptTokens === prompt && one.generatedTokens === generated);
    if (!entry) throw new ParseError(`llama-bench gave no result for ${prompt} prompt tokens and ${generated} generated ones.`);
    return Math.max(...entry.tokensPerSecond);
  };
  return { values: { pp512: speed(promptTokens, 0), tg64: speed(0, generatedTokens) }, others };
};

/** Models that are loaded in a moment may be heard of at once time and again; of others it does not happen. */
const mostAttempts = 20;

/**
 * Time from the start of loading until one token is computed, since only then every page of the weights
 * was touched by the program itself; then a long prompt, for the most memory in all.
 *
 * It is told by when the program's lines are heard, which have no time stamps: where two come in one piece, it is measured again.
 *
 * @throws ParseError where that is so {@link mostAttempts} times
 */
export const measureLoad: Instrument = async (subject, setting) => {
  for (let left = mostAttempts; ; left--) {
    const reading = await measureLoadOnce(subject, setting);
    if (reading.values.load !== 0) return reading;
    if (left === 1) throw new ParseError(`how long ${subject.name} takes to load is not known: what llama-bench said before and after it was heard at once, ${mostAttempts} times. Measure again while the machine has less to do.`);
  }
};

const measureLoadOnce: Instrument = async (subject, setting) => {
  const starts: number[] = [];
  let heard = 0;
  const listening: Listening = {
    onText: () => void (heard = performance.now()),
    onLine: (line) => {
      if (/^llama-bench: benchmark [12]\/2: starting$/.test(line)) starts.push(heard);
    },
  };
  const options = ["-p", `1,${promptTokens}`, "-n", "0", "-r", "1", "-lm", "none", "--no-warmup", "--progress"];
  const { memory, others } = await bench(subject, setting, options, listening);
  const [first, second] = starts;
  if (first === undefined || second === undefined) throw new ParseError("llama-bench did not say when it started, and when it had computed a token.");
  return { values: { load: (second - first) / 1000, ...(memory.resident > 0 && { memory: memory.resident / 1e9 }) }, others };
};

async function quantize(subject: Subject, setting: Setting, target: string): Promise<Watched> {
  let conf: string | null = null;
  if (subject.conf !== null) {
    const name = path.join(setting.folder, subject.name.replace(/\W+/g, "-"));
    conf = `${name}.conf`;
    await writeFile(conf, `${subject.conf}${subject.histogram ? `HISTOGRAM ${name}.json\n` : ""}`);
  }
  return watch(subject, setting, "llama-quantize", ["--pure", setting.model.file, target, subject.type, String(setting.threads)], { env: childEnvironment(conf) });
}

type Listening = Pick<RunOptions, "onText" | "onLine">;

async function bench(subject: Subject, setting: Setting, options: string[], { onText, onLine }: Listening = {}): Promise<Watched> {
  const { device } = setting;
  const argumentList = [...placeArguments(device), "-m", quantizedFile(subject, setting), "-t", String(setting.threads), "-o", "json", ...options];
  const layers = device && watchLayers(device, "llama-bench");
  const watched = await watch(subject, setting, "llama-bench", argumentList, {
    env: { ...childEnvironment(null), ...device?.environment }, ...(onLine && { onLine }),
    onText(text, stream) {
      layers?.onText(text, stream);
      onText?.(text, stream);
    },
  });
  layers?.ended();
  return watched;
}

/** llama-bench has names of its own for some; without `-v` it does not say how many layers are on the device. */
function placeArguments(device: Device | null): string[] {
  if (!device) return ["-dev", "none"];
  return [...(device.server === undefined ? [] : ["--rpc", device.server]), "-dev", device.name, "-ngl", "99", "-fa", "off", "-sm", "none", "-v"];
}

type Watched = { result: ProcessResult; memory: PeakMemory; others: number | null };

async function watch({ variant }: Subject, { builds, device, folder, signal }: Setting, program: string, argumentList: string[], options: RunOptions): Promise<Watched> {
  let stop = (): PeakMemory => ({ resident: 0, own: 0 });
  // What a server takes is the measured program's own.
  const shareOfOthers = device?.server === undefined ? watchOthers() : () => null;
  try {
    const result = await run(builds[variant].binary(program), argumentList, {
      cwd: folder,
      signal,
      onStart: (processId) => void (stop = watchMemory(processId)),
      ...options,
    });
    return { result, memory: stop(), others: shareOfOthers() };
  } finally {
    stop();
  }
}
