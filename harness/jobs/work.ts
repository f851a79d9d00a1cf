import type { RateOf } from "../store/rates.ts";
import { mostBytes } from "../steps/compression.ts";
import type { Target } from "../steps/step.ts";
import type { PlannedStep } from "./job.ts";
import { stepNamed } from "./stepNamed.ts";

/** What of the files and the text at hand decides how much a step has to do. */
export interface Amount {
  /** Elements of all tensors of the model that is quantized. */
  weights: number;
  /** Those of them that a token meets. */
  active: number;
  /** Chunks that are evaluated, of a step that evaluates a text. */
  chunks: number;
}

/** Of compressing: the weights of which a file's sample consists at most, at 4 bits, and how many times longer than to be counted they take. */
const compressed = { weights: 2 * mostBytes, longer: 16 };

/**
 * By what the time of a step is remembered, and looked up: seconds go with its work.
 *
 * @param makers the job's steps by key
 * @param on a device's times say nothing of the processor's, nor of another device's
 */
export function stepRate({ step, config, inputs }: PlannedStep, makers: ReadonlyMap<string, PlannedStep>, amount: Amount, on: Target): RateOf {
  const { compared = false } = config as { compared?: boolean };
  const source = inputs["quantized"];
  const scheme = step === "quantize" ? schemeOf(config) : source && "step" in source ? schemeOf(makers.get(source.step)?.config ?? {}) : givenOf(makers);
  return { of: step, kind: `${scheme}${compared ? " compared" : ""}`, work: workOf(step, config, amount), ...placeOf(step, on) };
}

function workOf(step: string, config: PlannedStep["config"], { weights, active, chunks }: Amount): number {
  const { context = 1, tasks = 1 } = config as { context?: number; tasks?: number };
  if (step === "quantize" || step === "count") return weights;
  if (step === "compress") return weights + compressed.longer * Math.min(weights, compressed.weights);
  return active * context * (step === "evaluate" || stepNamed(step).shared ? chunks : tasks);
}

function placeOf(step: string, { build: { backend }, device, threads }: Target): Pick<RateOf, "on" | "threads"> {
  const ofHost = { threads: Number(threads) };
  if (!device) return { ...ofHost, ...(backend !== "native" && { on: backend }) };
  if (!stepNamed(step).computes) return ofHost;
  // Products of second moments are the processor's, and take most of their time.
  return { ...(step === "moments" ? ofHost : { threads: null }), on: `${backend}: ${device.line}` };
}

/** What is measured as it was given: the model, or a ready-made file, of which the type counts, and whether it has own codes. */
function givenOf(makers: ReadonlyMap<string, PlannedStep>): string {
  const { type = "", own = [], ready = false } = ([...makers.values()].find(({ step }) => step === "count")?.config ?? {}) as { type?: string; own?: string[]; ready?: boolean };
  return ready ? [type, "ready", ...(own.length > 0 ? ["own"] : [])].join(" ") : "as given";
}

/** A type, and what else of how it is coded takes time; the numbers of a table do not. */
function schemeOf({ type = "as given", conf, pure = true, imatrix = false }: { type?: string; conf?: string | null; pure?: boolean; imatrix?: boolean }): string {
  const [mode = "", ...lines] = (conf ?? "").split("\n");
  const words = lines.flatMap((line) => /^(?:CONTAINER|ENCODE|SCALE|DECODE) .*|^(?:TABLE|FEEDBACK|HISTOGRAM)(?= )/.exec(line)?.[0] ?? []);
  return [type, ...(pure ? [] : ["mixture"]), ...(imatrix ? ["imatrix"] : []), ...(conf ? [mode.slice(0, 1)] : []), ...words].join(" ");
}
