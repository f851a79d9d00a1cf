import path from "node:path";
import { expect } from "vitest";
import { elementsOf, tensorBytes } from "../../harness/gguf/types.ts";
import { type Behaviour, goodPerplexity, printedPerplexity } from "../support/fakeBuild.ts";
import { type SmallFile, smallQuantizedFile, writeSmall } from "../support/smallModel.ts";
import { makeLab } from "../support/sweepLab.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { faultRow } from "./row.ts";

interface Case {
  kind: string;
  /** What llama-quantize writes for cell `a`, in place of the model in IQ4_NL. */
  written?(): SmallFile;
  /** The same as lines of a shell script. */
  quantize?: string;
  /** What llama-perplexity does for cell `a`, as lines of a shell script. */
  perplexity?: string;
  reason: RegExp;
}

const made = smallQuantizedFile("IQ4_NL");
const changed = (name: string, tensor: Partial<SmallFile["tensors"][number]>): SmallFile => ({ ...made, tensors: made.tensors.map((one) => (one.name === name ? { ...one, ...tensor } : one)) });
const zeros = (type: string, shape: number[]) => ({ type, shape, pieces: () => [new Uint8Array(tensorBytes(type, elementsOf(shape)))] });

const cases: Case[] = [
  { kind: "quantizes by copying its input", quantize: 'cp "$model" "$quantized"', reason: /asked for IQ4_NL \(file type 25\) and wrote file type 1/ },
  {
    kind: "copies its input and says that it quantized", reason: /nothing was quantized to IQ4_NL: no tensor has the type IQ4_NL \(F16: left as it was\)/,
    written: () => ({ ...made, tensors: made.tensors.map((one) => (one.type === "IQ4_NL" ? { ...one, ...zeros("F16", one.shape) } : one)) }),
  },
  { kind: "quantizes to another type", written: () => smallQuantizedFile("Q4_1"), reason: /asked for IQ4_NL \(file type 25\) and wrote file type 3/ },
  { kind: "gives one tensor another type", written: () => changed("blk.0.attn_q.weight", zeros("Q8_0", [64, 64])), reason: /wrote tensor blk\.0\.attn_q\.weight in Q8_0, where IQ4_NL was asked for/ },
  { kind: "leaves a tensor out", written: () => ({ ...made, tensors: made.tensors.slice(0, -1) }), reason: /another model than it was given: 11 tensors of 12/ },
  { kind: "gives a tensor another name", written: () => changed("blk.0.attn_q.weight", { name: "blk.1.attn_q.weight" }), reason: /it has no tensor blk\.0\.attn_q\.weight/ },
  { kind: "gives a tensor another shape", written: () => changed("blk.0.attn_q.weight", zeros("IQ4_NL", [32, 128])), reason: /blk\.0\.attn_q\.weight has 32 × 128 elements, not 64 × 64/ },
  { kind: "changes the architecture's settings", written: () => ({ ...made, fields: made.fields.map((field) => (field.key === "llama.attention.head_count" ? { key: field.key, type: "u32", value: 4 } : field)) }), reason: /its llama\.attention\.head_count is another/ },
  { kind: "changes the vocabulary", written: () => ({ ...made, fields: made.fields.map((field) => (field.key === "tokenizer.ggml.tokens" ? { key: field.key, type: "array", of: "string", value: (field.value as string[]).toReversed() } : field)) }), reason: /its tokenizer\.ggml\.tokens is another/ },
  { kind: "codes by an own scheme unasked", written: () => ({ ...made, fields: [...made.fields, { key: "pablo.version", type: "u32", value: 1 }, { key: "pablo.scheme", type: "string", value: "simple" }, { key: "pablo.decode", type: "string", value: "published:shift" }] }), reason: /codes of another scheme than was asked for/ },
  { kind: "cuts the tensors' data", quantize: 'head -c 40000 "$made" > "$quantized"', reason: /truncated: tensor .* ends at byte/ },
  { kind: "cuts the header", quantize: 'head -c 2000 "$made" > "$quantized"', reason: /may be truncated|truncated: it ends at byte 2000/ },
  { kind: "writes more behind the tensors", quantize: 'cat "$made" "$made" > "$quantized"', reason: /damaged: its tensors end at byte .* follow that belong to none/ },
  { kind: "evaluates in another context", perplexity: printedPerplexity([2, 3], { context: 16 }), reason: /chunks of 16 tokens, where 8 were asked for/ },
  { kind: "says another context than its frames", perplexity: printedPerplexity([2, 3]).replace("n_ctx=8", "n_ctx=4"), reason: /chunks of 4 tokens, where 8 were asked for/ },
  { kind: "evaluates in other batches", perplexity: printedPerplexity([2, 3], { batchChunks: 2 }), reason: /2 chunks were evaluated together with chunk 1, where 1 were asked for/ },
  { kind: "evaluates with another vocabulary", perplexity: printedPerplexity([2, 3], { vocabulary: 512 }), reason: /the vocabulary of chunk 1 has 512 tokens, the model's 320/ },
  { kind: "gives an NLL that cannot be", perplexity: printedPerplexity([2, 1e300]), reason: /a negative log-likelihood of chunk 2 is 1e\+300, which cannot be|1e\+300|Infinity/ },
  { kind: "gives an NLL below zero", perplexity: printedPerplexity([2, -3]), reason: /a negative log-likelihood of chunk 2 is -3, which cannot be/ },
  { kind: "gives a final estimate that contradicts its chunks", perplexity: goodPerplexity.replace("PPL = 12.1825", "PPL = 11.1825"), reason: /printed 11\.1825 as perplexity/ },
];

faultRow("a child misbehaves: claims something else than was asked", cases.length, async (index) => {
  const { kind, written, quantize, perplexity, reason } = cases[index]!;
  process.env["QUANTFLEX_CACHE"] = await lastingTemporaryFolder();
  const lab = await makeLab();
  const file = written && (await writeSmall("written.gguf", written(), lab.folder));
  const fault = quantize ?? (file && `cp '${path.resolve(file)}' "$quantized"`);
  const only = (condition: string, lines: string | undefined, otherwise: string): string => (lines === undefined ? otherwise : `if ${condition}; then\n${lines}\nelse\n${otherwise}\nfi`);
  const behaviour: Behaviour = {
    quantize: only('[ "$type" = IQ4_NL ]', fault, '[ "$type" != IQ4_NL ] || touch "$quantized.a"\ncp "$made" "$quantized"'),
    perplexity: only(`[ -e "$(tail -n 1 "$0.calls" | sed 's/^.*-m \\([^ ]*\\).*$/\\1/').a" ]`, perplexity, goodPerplexity),
  };
  const { failed, computed } = await lab.run({}, behaviour);
  expect({ kind, computed, failed: failed.map(({ name }) => name) }).toEqual({ kind, computed: ["f16", "b"], failed: ["a"] });
  expect(failed[0]?.reason, kind).toMatch(reason);
  // Neither is anything of it served later, nor does it stand in the way of a sound program.
  expect(await lab.run({}), kind).toMatchObject({ computed: ["a"], stored: ["f16", "b"], failed: [] });
});
