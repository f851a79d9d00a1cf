import { expect, it } from "vitest";
import { confText } from "../../harness/study/conf.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { tableFaults } from "../../harness/study/tables.ts";
import type { Cell } from "../../harness/study/types.ts";

function cells(fields: string, study = "imatrix: { text: t.txt }\n"): Cell[] {
  return parseStudy(`name: s\n${study}cells:\n  - { name: "c-{table}{-imatrix}", type: Q4_0, container: packed, ${fields} }\n`, "s.yaml", () => "").cells;
}

const numbers = { widths: new Array<number>(16).fill(16), values: Array.from({ length: 16 }, (_, index) => index - 8) };

it("what a fit leaves out follows from the cell", () => {
  expect(cells("table: { fit: {} }")[0]).toMatchObject({ name: "c-model", mode: "own", fit: { method: "lloyd-max", per: "model", weights: "squared", scale: "absmax" } });
  expect(cells("table: { fit: { per: kind } }, encode: nearest, scale: search, imatrix: [false, true]")).toMatchObject([
    { name: "c-kind", imatrix: false, fit: { method: "joint", per: "kind", weights: "squared", scale: "search" } },
    { name: "c-kind-imatrix", imatrix: true, fit: { method: "joint", per: "kind", weights: "imatrix", scale: "search" } },
  ]);
});

it("a cell whose table is not there yet has no conf", () => {
  expect(() => confText(cells("table: { fit: {} }")[0]!)).toThrow(/has not been fitted/);
});

const faults: [string, string, string | undefined, RegExp][] = [
  ["an unknown kind of table", "table: { fit: { per: layer } }", undefined, /table: .*is not allowed; allowed: .*fit: and how/],
  ["a joint fit of an absmax scale", "table: { fit: { method: joint } }", undefined, /it needs scale: search/],
  ["an importance matrix without a text", "table: basic, imatrix: true", "", /cell c-basic-imatrix needs a calibration text: give the study calibration/],
  ["a fit by an importance matrix without a text", "table: { fit: { weights: imatrix } }", "", /needs a calibration text/],
];
it.each(faults)("refuses %s", (_what, fields, study, message) => expect(() => cells(fields, study)).toThrow(message));

it("refuses an importance matrix for a model that is not quantized", () => {
  expect(() => parseStudy("name: s\nimatrix: { text: t }\ncells: [{ name: c, type: F16, imatrix: true }]\n", "s.yaml", () => "")).toThrow(/imatrix has no meaning for type F16/);
});

it("finds what is wrong in a tensor's table", () => {
  const tensors = [{ pattern: "*", ...numbers }, { pattern: "a b", ...numbers }, { ...numbers, pattern: "x", widths: [1] }, 3];
  expect(tableFaults({ ...numbers, tensors }).map(({ path }) => path.join("."))).toEqual(["tensors.1.pattern", "tensors.2.widths", "tensors.3"]);
  expect(tableFaults({ ...numbers, tensors: {} })[0]?.message).toMatch(/must be a list/);
});
