import { UserError } from "../errors.ts";
import { isQuantizable } from "../gguf/quantizable.ts";
import type { GgufTensor } from "../gguf/read.ts";
import { isQuantized, tensorTypeNamed } from "../gguf/types.ts";
import { floatTypes } from "../study/types.ts";
import { fileTypeNamed, smallerBlocks } from "./fileTypes.ts";

/** What was asked of llama-quantize. */
export interface AskedType {
  type: string;
  /** Every tensor in the type, not upstream's mixture. */
  pure: boolean;
  /** Names of tensors that were asked for in F16. */
  kept: readonly string[];
  /** Tensors that were to get a type of their own, by name. */
  types?: Readonly<Record<string, string>> | undefined;
}

type Typed = Pick<GgufTensor, "name" | "shape" | "type">;

const largestBlock = 256;

/**
 * Why a tensor has another type than the one asked for; null when it has that, was never to be quantized, or the mixture
 * gives it another on purpose.
 *
 * @param before the tensor as it was given
 * @param written the type that it has been given
 * @throws UserError when that is none that was asked for
 */
function fallbackOf(before: Typed, written: string, { type, pure: isPure, kept, types = {} }: AskedType): string | null {
  const wanted = types[before.name] ?? fileTypeNamed(type).tensor;
  const pure = isPure || before.name in types;
  if (!isQuantizable(before)) {
    // Older releases quantize more.
    if (written === before.type || isQuantized(written) || written === wanted) return null;
    throw otherType(before, written, before.type);
  }
  const row = before.shape[0] ?? 0;
  const because = (block: number): string => `${written}: rows of ${row} weights are no multiple of ${block}`;
  if (kept.includes(before.name)) {
    if (written !== "F16") throw otherType(before, written, "F16");
    return because(tensorTypeNamed(smallerBlocks(wanted) ?? wanted).blockElements);
  }
  if (written === wanted) return null;
  const { blockElements } = tensorTypeNamed(wanted);
  if (!floatTypes.includes(type) && row % blockElements !== 0) {
    if (pure && written !== smallerBlocks(wanted)) throw otherType(before, written, smallerBlocks(wanted) ?? wanted);
    if (isQuantized(written)) return because(blockElements);
  }
  if (floatTypes.includes(type) || pure && written !== before.type) throw otherType(before, written, wanted);
  if (!isQuantized(written)) return `${written}: left as it was`;
  return isMixedFallback(before, written, wanted) ? because(largestBlock) : null;
}

/**
 * Whether a mixture of a type with small blocks gave a tensor what its rows allow in place of a type with large ones:
 * others of small blocks it gives on purpose.
 */
function isMixedFallback({ name, shape }: Typed, written: string, wanted: string): boolean {
  if ((shape[0] ?? 0) % largestBlock === 0 || tensorTypeNamed(wanted).blockElements === largestBlock) return false;
  if (written === "Q8_0") return wanted !== "MXFP4" && /^(token_embd|output)\.weight$/.test(name);
  return written === "Q5_0" || (written === "Q5_1" && wanted !== "Q5_0");
}

function otherType({ name }: Typed, written: string, wanted: string): UserError {
  return new UserError(`llama-quantize wrote tensor ${name} in ${written}, where ${wanted} was asked for`);
}

/**
 * The same of all tensors, in the order written.
 *
 * @throws UserError also when none has been given the type that was asked for, or one in its place
 */
export function fallbacks(model: readonly Typed[], written: readonly Typed[], asked: AskedType): (string | null)[] {
  const before = new Map(model.map((tensor) => [tensor.name, tensor]));
  const found = written.map((tensor) => {
    const given = before.get(tensor.name);
    if (!given) throw new UserError(`llama-quantize wrote a tensor ${tensor.name} that the model does not have`);
    return fallbackOf(given, tensor.type, asked);
  });
  const { tensor: wanted } = fileTypeNamed(asked.type);
  const inPlace = [wanted, smallerBlocks(wanted)];
  if (written.some((tensor) => isQuantizable(tensor) && (inPlace.includes(tensor.type) || asked.types?.[tensor.name] === tensor.type))) return found;
  const reason = found.find((fallback) => fallback !== null);
  throw new UserError(`nothing was quantized to ${asked.type}: no tensor has the type ${wanted}${reason ? ` (${reason})` : ""}`);
}
