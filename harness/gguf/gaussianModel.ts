import { gaussianValues, seededRandom } from "../analysis/gaussian.ts";
import { floatToBfloat, floatToHalf } from "../analysis/half.ts";
import { type FloatType, type LlamaShape, llamaTensors } from "./llamaModel.ts";
import { elementsOf, tensorTypeNamed } from "./types.ts";
import type { TensorSource } from "./write.ts";

const poolValues = 1 << 21;
const runValues = 1 << 10;
const pieceRuns = 1 << 10;
const deviation = 0.02;

function encodePool(type: FloatType, seed: number): Uint8Array {
  const values = gaussianValues(poolValues, seed, deviation);
  const encoded = type === "F32" ? values : Uint16Array.from(values, type === "F16" ? floatToHalf : floatToBfloat);
  return new Uint8Array(encoded.buffer);
}

/**
 * Tensors of Gaussian weights (deviation 0.02), norms all one, the same for the same seed.
 *
 * Fast because only 2 M values are drawn: weights are runs of 1,024 of them from pseudo-random places in that
 * pool. Values, blocks and code histograms are as good as independent; but runs repeat in a large model, so
 * such a file says nothing about compressors.
 */
export function gaussianTensors(shape: LlamaShape, type: FloatType, seed: number): TensorSource[] {
  const { blockBytes } = tensorTypeNamed(type);
  const pool = encodePool(type, seed);
  return llamaTensors(shape).map(({ name, shape: dimensions }, index): TensorSource => {
    const elements = elementsOf(dimensions);
    if (dimensions.length === 1) {
      return { name, shape: dimensions, type: "F32", pieces: () => [new Uint8Array(new Float32Array(elements).fill(1).buffer)] };
    }
    return {
      name,
      shape: dimensions,
      type,
      *pieces() {
        const random = seededRandom(seed + index + 1);
        const piece = new Uint8Array(pieceRuns * runValues * blockBytes);
        for (let done = 0; done < elements; ) {
          const wanted = Math.min(elements - done, pieceRuns * runValues);
          for (let at = 0; at < wanted; at += runValues) {
            const start = Math.floor(random() * (poolValues - runValues));
            piece.set(pool.subarray(start * blockBytes, (start + Math.min(runValues, wanted - at)) * blockBytes), at * blockBytes);
          }
          done += wanted;
          yield piece.subarray(0, wanted * blockBytes);
        }
      },
    };
  });
}
