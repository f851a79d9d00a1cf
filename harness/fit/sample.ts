import type { Blocks } from "../analysis/blockSearch.ts";
import { blockWeights } from "../analysis/encode.ts";
import { GgufBytes } from "../gguf/bytes.ts";
import { decodeBlocks } from "../gguf/dequantize.ts";
import { quantizableTensors } from "../gguf/quantizable.ts";
import { type Gguf, type GgufTensor, readElements } from "../gguf/read.ts";
import type { Importance } from "./imatrix.ts";

/** Blocks in a row that are read together: a sample should not cost a seek for each block. */
const together = 8;

/** Tensors of a model that a table can code: matrices whose rows fill blocks of 32 weights. */
export function codableTensors(gguf: Gguf): GgufTensor[] {
  return quantizableTensors(gguf).filter(({ shape }) => (shape[0] ?? 0) % blockWeights === 0);
}

/**
 * Blocks of some tensors, evenly from all over them: the same for the same model everywhere.
 *
 * @param mostBlocks blocks wanted at most; all when there are no more
 * @param importance an importance matrix, whose values count relative to each tensor's mean, since tensors
 *   have no common measure; tensors that it lacks count evenly. Absent: so do all.
 */
export async function sampleBlocks(gguf: Gguf, tensors: readonly GgufTensor[], mostBlocks: number, importance?: Importance): Promise<Blocks> {
  const groups = tensors.map(({ elements }) => Math.ceil(elements / blockWeights / together));
  const all = groups.reduce((sum, count) => sum + count, 0);
  const share = Math.min(1, mostBlocks / together / Math.max(1, all));
  const file = new GgufBytes(gguf);
  const parts: Float32Array[] = [];
  const counts: Float32Array[] = [];
  try {
    for (const [index, tensor] of tensors.entries()) {
      const total = groups[index]!;
      const wanted = Math.max(1, Math.min(total, Math.round(total * share)));
      const columns = importance?.get(tensor.name);
      const own: Float32Array[] = [];
      const firsts: number[] = [];
      for (let group = 0; group < wanted; group++) {
        const first = Math.floor((group * total) / wanted) * together * blockWeights;
        const count = Math.min(together * blockWeights, tensor.elements - first);
        own.push(decodeBlocks(tensor.type, await readElements(file, gguf, tensor, first, count)));
        firsts.push(first);
      }
      parts.push(...own);
      if (importance) counts.push(evened(own, firsts, tensor.shape[0]!, columns));
    }
  } finally {
    await file.close();
  }
  const weights = joined(parts);
  return importance ? { weights, importance: joined(counts) } : { weights };
}

/** Importance of the sampled weights of one tensor, 1 on average. */
function evened(parts: readonly Float32Array[], firsts: readonly number[], row: number, columns: Float32Array | undefined): Float32Array {
  const own = parts.map((part, index) => part.map((_, offset) => (columns?.length === row ? columns[(firsts[index]! + offset) % row]! : 1)));
  const importance = joined(own);
  const mean = importance.reduce((sum, value) => sum + value, 0) / importance.length;
  return mean > 0 ? importance.map((value) => value / mean) : importance;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
