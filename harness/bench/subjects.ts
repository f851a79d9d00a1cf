import type { Variant } from "../build/build.ts";
import { iq4nlValues, nearestTable } from "../analysis/tables.ts";

/** Something to measure: a variant's programs, on one way to quantize. */
export interface Subject {
  name: string;
  variant: Variant;
  /** llama-quantize's file type. */
  type: string;
  /** Text of pablo.conf; null for none. */
  conf: string | null;
  /** Whether quantizing counts the codes as well. */
  histogram?: boolean;
  /** Name of the subject whose quantized file is read; its own by default. */
  file?: string;
}

// So that both do the same work.
const custom = nearestTable(iq4nlValues);
const packed = "CONTAINER packed\nTYPES Q4_0\n";

const list: Subject[] = [
  ...["Q4_0", "Q8_0", "IQ4_NL"].map((type): Subject => ({ name: `upstream ${type}`, variant: "upstream", type, conf: null })),
  // Simple mode writes upstream's bytes, so both variants read one file.
  ...["Q4_0", "Q8_0"].map((type): Subject => ({ name: `simple ${type}`, variant: "patched", type, conf: null, file: `upstream ${type}` })),
  { name: "centred", variant: "patched", type: "Q4_0", conf: "1 1 0\nTYPES Q4_0\n" },
  { name: "native balanced", variant: "patched", type: "Q8_0", conf: "1 0 1\nTYPES Q8_0\n" },
  { name: "packed basic", variant: "patched", type: "Q4_0", conf: `1 0 0\n${packed}` },
  { name: "packed balanced", variant: "patched", type: "Q4_0", conf: `1 0 1\n${packed}` },
  { name: "packed custom", variant: "patched", type: "Q4_0", conf: `1 0 2\nTABLE ${[...custom.widths, ...custom.values].join(" ")}\n${packed}` },
];
const counting: Subject[] = list
  .filter(({ variant }) => variant === "patched")
  .map((subject) => ({ ...subject, name: `${subject.name} + histogram`, conf: subject.conf ?? "0 0 0\n", histogram: true }));

const subjects: ReadonlyMap<string, Subject> = new Map([...list, ...counting].map((subject) => [subject.name, subject]));

/** The subject by that name. @throws RangeError for another name */
export function subjectNamed(name: string): Subject {
  const subject = subjects.get(name);
  if (!subject) throw new RangeError(`there is no subject ${name}`);
  return subject;
}
