/** What is measured of a subject, and in which unit; where more is better, and how it is said. */
export const measures = {
  /** Bytes of F16 read, by the time that llama-quantize says it took; what it writes is thrown away. */
  quantize: { unit: "GB/s", decimals: 3 },
  /** Most memory while quantizing that is not the mapped input. */
  quantizeMemory: { unit: "GB", decimals: 3 },
  /** A prompt of 512 tokens. */
  pp512: { unit: "tokens/s", decimals: 2 },
  /** 64 tokens, one after another. */
  tg64: { unit: "tokens/s", decimals: 2 },
  /** From the start of loading, without mmap, until a token is computed. */
  load: { unit: "s", decimals: 3 },
  /** Most memory while loading without mmap and computing a prompt of 512 tokens. */
  memory: { unit: "GB", decimals: 3 },
} as const;

/** A thing that is measured. */
export type Measure = keyof typeof measures;

/** What must hold: of the median ratio, or of the patched build's median value itself; without bounds nothing. */
export interface Wanted {
  of: "ratio" | "value";
  atLeast?: number;
  atMost?: number;
}

/** A line of the table: one measure of a patched subject against an upstream one. */
export interface Row {
  name: string;
  measure: Measure;
  patched: string;
  upstream: string;
  wanted: Wanted;
}

const packedTables = ["packed balanced", "packed custom", "packed basic"];

/** Every line, in the table's order. */
export const rows: readonly Row[] = [
  ...["Q4_0", "Q8_0"].map((type) => row("quantize", `simple ${type}`, `upstream ${type}`, { atLeast: 0.98 })),
  ...["Q4_0", "Q8_0"].map((type) => row("quantize", `simple ${type} + histogram`, `upstream ${type}`, { atLeast: 0.9 })),
  ...["packed balanced", "native balanced"].map((own) => row("quantize", `${own} + histogram`, "upstream Q8_0", { atLeast: 0.9 })),
  row("quantizeMemory", "packed balanced + histogram", "upstream Q8_0", { of: "value", atMost: 2 }),
  ...(["pp512", "tg64"] as const).flatMap((measure) => [
    ...["Q4_0", "Q8_0"].map((type) => row(measure, `simple ${type}`, `upstream ${type}`, { atLeast: 0.98 })),
    row(measure, "centred", "upstream Q4_0", { atLeast: 0.98 }),
    row(measure, "native balanced", "upstream Q8_0", { atLeast: 0.98 }),
    ...packedTables.flatMap((own) => ["IQ4_NL", "Q4_0"].map((type) => row(measure, own, `upstream ${type}`, { atLeast: 0.97 }))),
  ]),
  row("load", "centred", "upstream Q4_0", { atMost: 1.1 }),
  row("load", "native balanced", "upstream Q8_0", { atMost: 1.1 }),
  row("load", "packed balanced", "upstream Q4_0", { atMost: 1.1 }),
  row("memory", "packed balanced", "upstream Q4_0", { atMost: 1.02 }),
];

/** The same of a device, where packed codes are computed as Q8_0: a table costs nothing there, nor are 4.5 bits a weight read in place of 8.5. */
export const deviceRows: readonly Row[] = (["pp512", "tg64"] as const).flatMap((measure) => [
  row(measure, "packed custom", "upstream Q8_0", { atLeast: 0.95 }),
  ...["Q4_0", "IQ4_NL"].map((type) => row(measure, "packed custom", `upstream ${type}`, {})),
]);

function row(measure: Measure, patched: string, upstream: string, wanted: Partial<Wanted>): Row {
  const name = `${measure}: ${patched} ÷ ${upstream}`;
  return { name, measure, patched, upstream, wanted: { of: "ratio", ...wanted } };
}
