import { describe, expect, it } from "vitest";
import { confText } from "../../harness/study/conf.ts";
import { parseStudy } from "../../harness/study/parse.ts";

function conf(fields: string): string | null {
  const [cell] = parseStudy(`name: s\ncells: [{ name: c, ${fields} }]`, "s.yaml", () => "").cells;
  return confText(cell!);
}

describe("normalized pablo.conf", () => {
  const table = "{ widths: [128, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 114], values: [-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7] }";
  const cases: [string, string | null][] = [
    ["type: F16", null],
    ["type: IQ4_NL", null],
    ["type: Q4_0", "0 0 0\n"],
    ["type: Q8_0", "0 0 0\n"],
    ["type: Q4_0, decode: published", "0 0 0\nDECODE published\n"],
    ["type: Q4_0, radius: 3", "1 3 0\nTYPES Q4_0\n"],
    ["type: Q8_0, table: balanced, decode: published", "1 0 1\nDECODE published\nTYPES Q8_0\n"],
    ["type: Q4_0, table: basic, container: packed", "1 0 0\nCONTAINER packed\nTYPES Q4_0\n"],
    ["type: Q8_0, table: basic, encode: nearest, scale: search", "1 0 0\nENCODE nearest\nSCALE search\nTYPES Q8_0\n"],
    ["type: Q4_0, radius: 2, table: balanced, types: [Q4_0, Q8_0]", "1 2 1\n"],
    [`type: Q8_0, table: ${table}`, "1 0 2\nTABLE 128 1 1 1 1 1 1 1 1 1 1 1 1 1 1 114 -8 -7 -6 -5 -4 -3 -2 -1 0 1 2 3 4 5 6 7\nTYPES Q8_0\n"],
  ];
  it.each(cases)("%s", (fields, expected) => expect(conf(fields)).toBe(expected));

  it("names the histogram last", () => {
    const [cell] = parseStudy("name: s\ncells: [{ name: c, type: Q4_0, radius: 0 }]", "s.yaml", () => "").cells;
    expect(confText(cell!, { histogram: "h.json" })).toBe("1 0 0\nTYPES Q4_0\nHISTOGRAM h.json\n");
  });
});
