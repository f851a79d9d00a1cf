import { describe, expect, it } from "vitest";
import { rows } from "../harness/bench/rows.ts";
import { selectByName, selectCells } from "../harness/select.ts";
import { parseStudy } from "../harness/study/parse.ts";

describe("--only", () => {
  const study = "name: s\ncells:\n  - { name: q4_0, type: Q4_0 }\n  - { name: q4_0-own-r1.5, type: Q4_0, radius: 1 }\n  - { name: q8_0, type: Q8_0 }\n";
  const { cells } = parseStudy(study, "s.yaml", () => "");
  const choices: [string | undefined, string[]][] = [
    [undefined, ["q4_0", "q4_0-own-r1.5", "q8_0"]],
    ["q4_0", ["q4_0"]],
    ["q4*", ["q4_0", "q4_0-own-r1.5"]],
    ["*", ["q4_0", "q4_0-own-r1.5", "q8_0"]],
    ["*.?", ["q4_0-own-r1.5"]],
    ["q8_0, q4_0", ["q4_0", "q8_0"]],
    ["q?_0", ["q4_0", "q8_0"]],
    ["q[5-8]_0", ["q8_0"]],
  ];
  it.each(choices)("%s", (pattern, names) => expect(selectCells(cells, pattern).map(({ name }) => name)).toEqual(names));

  it.each(["q", "q4.0", "", "q4_0,nothing", "(", "!q4_0", "q4_0/"])("no cell: %s", (pattern) =>
    expect(() => selectCells(cells, pattern)).toThrow(/matches no cell; the study has: q4_0, q4_0-own-r1\.5, q8_0$/));

  it("of many stars is refused: whether it matches could take for ever to find out", () => {
    expect(() => selectCells(cells, "q4_0,*a*a*a*a*a*b")).toThrow(/--only \*a\*a\*a\*a\*a\*b has more than 4 stars/);
    expect(selectCells(cells, "*q*4*0*").map(({ name }) => name)).toEqual(["q4_0", "q4_0-own-r1.5"]);
  });

  it("of bench's rows takes their names as they are printed", () => {
    for (const row of rows) expect(selectByName(rows, row.name, "row")).toEqual([row]);
    expect(selectByName(rows, "quantizeMemory*,quantize: packed*", "row").map(({ measure }) => measure)).toEqual(["quantize", "quantizeMemory"]);
  });

  it("reads a slash as any other sign", () => {
    const items = [{ name: "a/.b/c" }];
    expect(selectByName(items, "a*c", "item")).toEqual(items);
  });
});
