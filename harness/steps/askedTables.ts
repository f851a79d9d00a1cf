import { balancedTable, basicTable } from "../analysis/tables.ts";
import { confLine } from "../study/conf.ts";
import { matchesPattern } from "../study/tensorRules.ts";

const entries = 16;

/**
 * The values that a pablo.conf's codes decode to, tensor by tensor.
 *
 * @param conf normalized pablo.conf of own mode
 * @param tensors names of own-coded tensors
 * @returns for each name its 16 values
 */
export function askedValues(conf: string, tensors: readonly string[]): number[][] {
  const [first = "", ...lines] = conf.split("\n").map((line) => line.split(" "));
  const numbers = (words: readonly string[]): number[] => words.map(Number).slice(entries, 2 * entries);
  const table = confLine(conf, "TABLE")?.split(" ") ?? [];
  const named = { "0": basicTable.values, "1": balancedTable.values }[first[2] ?? ""];
  const byTensor = lines.flatMap(([key, pattern = "", ...words]) => (key === "TENSOR_TABLE" ? [{ pattern, values: numbers(words) }] : []));
  return tensors.map((name) => byTensor.find(({ pattern }) => matchesPattern(name, pattern))?.values ?? [...(named ?? numbers(table))]);
}
