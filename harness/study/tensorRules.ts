import { z } from "zod";
import { tensorTypes } from "../gguf/types.ts";
import { fileTypes } from "./fileTypes.ts";

const names = new Set([...tensorTypes.values()].map(({ name }) => name));

/** Types that single tensors can be given: those of a file that name no mixture. */
const tensorTypeNames = fileTypes.filter((type) => names.has(type));

/** Types whose codes the library can choose by error feedback: blocks of 32 with a scale of their own. */
export const feedbackTypes: readonly string[] = ["Q4_0", "Q8_0", "IQ4_NL"];

const match = z.string().regex(/^[^\s#]+$/).describe("a tensor's name, * for any text");
const type = z.enum(tensorTypeNames).describe(`a type of tensors: ${tensorTypeNames.join(", ")}`);

/** The type of the tensors whose names match, as a study gives it; the first that matches counts. */
export const tensorRuleField = z.strictObject({ match, type, feedback: z.boolean().optional() });

/** The same as a type. */
export type TensorRuleField = z.infer<typeof tensorRuleField>;

/** The same, decided. */
export const tensorRuleSchema = tensorRuleField.required();

/** The type of some of a cell's tensors, and whether their codes are chosen by error feedback. */
export type TensorRule = z.infer<typeof tensorRuleSchema>;

/** Whether a name matches a pattern in which `*` is any text. Takes a time that grows as both do. */
export function matchesPattern(name: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return name === pattern;
  const last = rest.pop()!;
  if (!name.startsWith(first)) return false;
  let position = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return name.length - last.length >= position && name.endsWith(last);
}
