import { z } from "zod";
import { balancedTable, basicTable } from "../analysis/tables.ts";

const list = (name: string, low: number, high: number, allowed: string) => {
  const entry = { error: ({ input }: { input?: unknown }) => `${JSON.stringify(input)} is not allowed; allowed: ${allowed}`, abort: true };
  const length = { error: ({ input }: { input?: unknown }) => `${name} has ${(input as unknown[]).length} entries; a table has exactly 16`, abort: true };
  return z.array(z.int(entry).min(low, entry).max(high, entry), `${name} must be a list of 16 whole numbers`).length(16, length);
};

const sum = (widths: readonly number[]): number => widths.reduce((total, width) => total + width, 0);

const numbers = {
  /** Bin widths from code -128 upwards. */
  widths: list("widths", 1, 241, "a whole number from 1 to 241")
    .refine((widths) => sum(widths) === 256, {
      error: ({ input }) => `the widths sum to ${sum(input as number[])}; they must sum to 256, one for each 8-bit code`,
    })
    .describe("16 bin widths from -128 upwards, summing to 256"),
  /** The int8 codes that the bins decode to. */
  values: list("values", -128, 127, "an int8, a whole number from -128 to 127")
    .superRefine((values, context) => {
      values.forEach((entry, index) => {
        const before = values[index - 1];
        if (before === undefined || entry > before) return;
        context.addIssue({ code: "custom", path: [index], message: `${entry} comes after ${before}; values must rise from each to the next (they are not monotonic)` });
      });
    })
    .describe("16 decoded values, int8, each above the one before"),
};

/** Characters of a tensor's name in ggml, and so of a pattern (GGML_MAX_NAME, with the zero behind it). */
const longestPattern = 63;

const patternFault = `pattern must be a tensor's name, * for any text, without spaces and #, of ${longestPattern} characters at most`;

/** A table for the tensors whose names match a pattern, in which `*` is any text. */
export const tensorTableSchema = z.object(
  { pattern: z.string(patternFault).max(longestPattern, patternFault).regex(/^[^\s#\0]+$/, patternFault).describe("a tensor's name, * for any text"), ...numbers },
  "a tensor's table is a map with a pattern, 16 widths and 16 values",
);

/** A table as a study or a file gives it, which may say more. */
export const tableSchema = z.object(
  {
    ...numbers,
    /** The first whose pattern matches goes before `widths` and `values`. */
    tensors: z
      .array(tensorTableSchema, "tensors must be a list of tables, each with its pattern")
      .optional()
      .describe("tables of single tensors, the first whose pattern matches"),
  },
  "a table is a map with 16 widths and 16 values",
);

/** What a {@link NamedTable} holds. */
export const namedTableSchema = tableSchema.extend({ name: z.string(), kind: z.enum(["basic", "balanced", "custom"]) });

/** A map from 8-bit codes to 16 ranges and back (thesis, chapter 4). */
export type NamedTable = z.infer<typeof namedTableSchema>;

/** The two tables that the library has built in, in the order of pablo.conf's TABLE_MODE. */
export const builtInTables: readonly NamedTable[] = [
  { name: "basic", kind: "basic", ...basicTable },
  { name: "balanced", kind: "balanced", ...balancedTable },
];

/**
 * What is wrong with a table as a study gives it, and where: `widths`, `values`, or a position in one of them.
 *
 * @param value anything read from YAML or JSON
 */
export function tableFaults(value: unknown): { path: (string | number)[]; message: string }[] {
  const issues = tableSchema.safeParse(value).error?.issues ?? [];
  return issues.map(({ path, message }) => ({ path: path as (string | number)[], message }));
}

/** A table of one's own from what a file holds, of which nothing but the numbers and patterns is kept. */
export function customTable(name: string, value: z.input<typeof tableSchema>): NamedTable {
  const { tensors = [], ...numbers } = tableSchema.parse(value);
  return { name, kind: "custom", ...numbers, ...(tensors.length > 0 ? { tensors } : {}) };
}

/** Whether a value read from YAML or JSON is a map. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
