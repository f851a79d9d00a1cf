import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { tensorBytes, tensorTypeNamed, tensorTypes } from "../../harness/gguf/types.ts";
import { projectRoot } from "../../harness/paths.ts";

const constants = path.join(projectRoot, "llama.cpp", "gguf-py", "gguf", "constants.py");

test.skipIf(!existsSync(constants))("types and sizes are those of upstream's own gguf package", () => {
  const source = readFileSync(constants, "utf8");
  const numbers = /class GGMLQuantizationType\(IntEnum\):\n([\s\S]*?)\n\n/.exec(source)![1]!;
  const upstream = new Map(Array.from(numbers.matchAll(/^ +(\w+) += (\d+)/gm), ([, name, number]) => [Number(number), name]));
  expect(new Map([...tensorTypes].map(([number, { name }]) => [number, name]))).toEqual(upstream);
  const sizes = /GGML_QUANT_SIZES[^{]*\{([\s\S]*?)\n\}/.exec(source)![1]!;
  const product = (term: string): number => {
    const [first, ...rest] = term.replaceAll("QK_K", "256").split(/\s*(\*|\/\/)\s*/);
    return rest.reduce((value, item, index) => (index % 2 === 0 ? value : rest[index - 1] === "*" ? value * Number(item) : Math.floor(value / Number(item))), Number(first));
  };
  const evaluate = (expression: string): number => expression.split("+").reduce((sum, term) => sum + product(term), 0);
  const compared = new Set<string>();
  for (const [, name, elements, bytes] of sizes.matchAll(/GGMLQuantizationType\.(\w+): +\(([^,]+), ([^)]+)\)/g)) {
    compared.add(name!);
    // Upstream's package still has this one with two floats; the C structure has two halves.
    if (name === "Q8_1") continue;
    expect([name, tensorTypeNamed(name!).blockElements, tensorTypeNamed(name!).blockBytes]).toEqual([name, evaluate(elements!), evaluate(bytes!)]);
  }
  expect(compared.size).toBe(tensorTypes.size);
});

test("bytes of a tensor", () => {
  expect(tensorBytes("Q4_0", 4096)).toBe(2304);
  expect(tensorBytes("Q8_0", 64)).toBe(68);
  expect(() => tensorTypeNamed("Q4_2")).toThrow(/Q4_2/);
});
