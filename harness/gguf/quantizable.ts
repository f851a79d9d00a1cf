import type { Gguf, GgufTensor } from "./read.ts";

/**
 * What llama-quantize leaves as it is, for it is small or no matrix that is multiplied: parts of names, then whole ones.
 * Source: `tensor_allows_quantization` in upstream's src/llama-quant.cpp (b10361; the same in v0.5.0). Older releases leave less.
 */
const leftAsTheyAre = [
  "_norm.weight", "ffn_gate_inp.weight", "ffn_gate_tid2eid.weight", "altup", "laurel", "per_layer_model_proj", "ssm_conv1d", "shortconv.conv.weight",
  "indexer.k_proj.weight", "indexer.q_proj.weight", "attn_rel_b.weight", ".position_embd", "sam.pos_embd", "sam.neck.", "sam.net_", ".rel_pos",
  ".patch_embd", ".patch_merger", "a.rvq.codebook", "mm.a.code_embd", "time_mix_lerp_fused.weight",
  ...["first", "w0", "w1", "w2", "v0", "v1", "v2", "a0", "a1", "a2", "g1", "g2", "decay_w1", "decay_w2"].map((part) => `time_mix_${part}.weight`),
];
const leftByName = ["position_embd.weight", "token_types.weight"];

/** Whether llama-quantize would quantize a tensor: named as weights, with a dimension above 1 behind the rows, and not left as it is. */
export function isQuantizable({ name, shape }: Pick<GgufTensor, "name" | "shape">): boolean {
  return name.endsWith("weight") && shape.slice(1).some((size) => size > 1) && !leftByName.includes(name) && !leftAsTheyAre.some((part) => name.includes(part));
}

/** Tensors that llama-quantize would quantize. */
export function quantizableTensors(gguf: Pick<Gguf, "tensors">): GgufTensor[] {
  return gguf.tensors.filter(isQuantizable);
}
