import { UserError } from "../errors.ts";
import { quantizableTensors } from "../gguf/quantizable.ts";
import type { Gguf } from "../gguf/read.ts";
import type { Cell } from "../study/types.ts";
import { matchesPattern } from "../study/tensorRules.ts";

/**
 * The tensors of a model that a cell's rules give another type, by name.
 *
 * @throws UserError when a rule matches none: its pattern may be mistyped
 */
export function ruledTensors(gguf: Gguf, { name: cell, tensors: rules = [] }: Pick<Cell, "name" | "tensors">): Record<string, string> {
  const names = quantizableTensors(gguf).map(({ name }) => name);
  const idle = rules.find(({ match }) => !names.some((name) => matchesPattern(name, match)));
  if (idle) throw new UserError(`cell ${cell}: tensors: ${idle.match} matches no tensor that is quantized; the model has ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`);
  return Object.fromEntries(names.flatMap((name) => {
    const rule = rules.find(({ match }) => matchesPattern(name, match));
    return rule ? [[name, rule.type]] : [];
  }));
}
