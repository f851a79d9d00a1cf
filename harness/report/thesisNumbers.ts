/** A number that the thesis published, or that was found about it, and where ours is to be found. */
export interface ThesisNumber {
  where: string;
  what: string;
  /** Cell of studies/thesis.yaml that gives ours. */
  cell: string;
  quantity: "isolated runs, %" | "perplexity" | "tokens per second";
  value: number;
  /** Whose number it is: model, text and program. */
  source: string;
}

/** What numbers of `models/sotu-1m` are of: the demo model, and its held-out text in chunks of 512 tokens, as SHA-256. */
export const sotu = {
  where: "models/sotu-1m",
  model: "0b89fbc1d7a4020afc8e21ff529c618f9139af69d0c2a9e4b0684b596d468049",
  text: "984c59d2185430cd43dece2ae90891140bbea913bba2ee22e71eae728ee4dee6",
  context: 512,
};

const thesis = "thesis: Llama-2-7B";
const gaussian = "independent Gaussian weights, simulated";
const fork = "thesis's fork on sotu-1m";
const emulation = "emulation in F32 weights on sotu-1m";

function isolated(where: string, cell: string, value: number, source: string): ThesisNumber {
  return { where, what: "share of zero runs of length 1", cell, quantity: "isolated runs, %", value, source };
}

function perplexities(source: string, what: string, values: Record<string, number>): ThesisNumber[] {
  return Object.entries(values).map(([cell, value]) => ({ where: sotu.where, what, cell, quantity: "perplexity", value, source }));
}

/** Every number of the thesis that its text still gives, and what independent computations gave. */
export const thesisNumbers: readonly ThesisNumber[] = [
  isolated("figure 3.2.2", "q4_0-own-r0", 87.83, thesis),
  isolated("figure 3.3.1", "q4_0-own-r1", 65.54, thesis),
  isolated("section 3", "q4_0-own-r0", 88.06, gaussian),
  isolated("section 3", "q4_0-own-r1", 65.95, gaussian),
  isolated("section 3", "q4_0-own-r2", 47.1, gaussian),
  isolated("section 3", "q4_0-own-r3", 32.3, gaussian),
  isolated(sotu.where, "q4_0-own-r0", 88.31, fork),
  isolated(sotu.where, "q4_0-own-r1", 66.12, fork),
  isolated(sotu.where, "q4_0-own-r2", 47.71, fork),
  isolated(sotu.where, "q4_0-own-r3", 32.85, fork),
  isolated(sotu.where, "q8_0-own-balanced", 93.64, fork),
  { where: "reference 23", what: "speed on a CPU, least", cell: "f16", quantity: "tokens per second", value: 13, source: thesis },
  { where: "reference 23", what: "speed on a CPU, most", cell: "f16", quantity: "tokens per second", value: 20, source: thesis },
  ...perplexities(fork, "as published", {
    "f16": 13.6516,
    "q4_0-published": 6763.9608,
    "q4_0-own-r0-published": 728538.9494,
    "q4_0-own-r1-published": 645476.9322,
    "q4_0-own-r2-published": 2179200.7154,
    "q4_0-own-r3-published": 2122304.6134,
    "q8_0": 13.6559,
    "q8_0-own-basic-published": 885.1965,
    "q8_0-own-balanced-published": 891.0683,
  }),
  ...perplexities(emulation, "decoded exactly", {
    "f16": 13.6516,
    "q4_0": 14.021,
    "q4_0-own-r0": 14.021,
    "q4_0-own-r1": 15.371,
    "q4_0-own-r2": 25.3724,
    "q4_0-own-r3": 105.813,
    "q8_0": 13.6533,
    "q8_0-own-basic": 5286551.2193,
    "q8_0-own-balanced": 16.1564,
  }),
];
