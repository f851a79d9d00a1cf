import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../harness/paths.ts";
import { loadStudy } from "../../harness/study/find.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { fileFields } from "../../harness/steps/registry.ts";
import { studyJsonSchema } from "../../harness/study/schema.ts";
import type { Study } from "../../harness/study/types.ts";

function parse(text: string, files: Record<string, string> = {}): Study {
  return parseStudy(text, "s.yaml", (name) => {
    const found = files[name];
    if (found === undefined) throw new Error(`${name}: there is no such file`);
    return found;
  });
}

function cell(fields: string): string {
  return `name: s\ncells:\n  - { name: c, ${fields} }\n`;
}

const widths = "[64, 32, 16, 8, 4, 2, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64]";
const values = "[-128, -64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64]";

describe("the thesis's study", () => {
  const study = loadStudy(path.join(projectRoot, "studies", "thesis.yaml"));

  it("has exactly the cells it must have", () => {
    expect(study.cells.map(({ name }) => name)).toEqual([
      "f16", "q4_0", "q4_0-published",
      "q4_0-own-r0", "q4_0-own-r0-published", "q4_0-own-r1", "q4_0-own-r1-published",
      "q4_0-own-r2", "q4_0-own-r2-published", "q4_0-own-r3", "q4_0-own-r3-published",
      "q8_0", "q8_0-own-basic", "q8_0-own-basic-published", "q8_0-own-balanced", "q8_0-own-balanced-published",
      "iq4_nl", "q4_1",
    ]);
  });

  it("is pure, with upstream's context and batches", () => {
    expect(study).toMatchObject({ name: "thesis", context: 512, batch: 2048, ubatch: 512 });
    expect(study.cells.every(({ pure }) => pure)).toBe(true);
  });
});

it("the published JSON Schema is the one that the code makes", () => {
  const published = JSON.parse(readFileSync(path.join(projectRoot, "studies", "study.schema.json"), "utf8")) as unknown;
  expect(published).toEqual(JSON.parse(JSON.stringify(studyJsonSchema(fileFields))));
});

describe("grids", () => {
  it("expands every list, the last one fastest", () => {
    const study = parse(cell('type: Q8_0, table: [basic, balanced], encode: [bins, nearest]').replace("name: c", 'name: "{type}-{table}{-encode}"'));
    expect(study.cells.map(({ name }) => name)).toEqual(["Q8_0-basic", "Q8_0-basic-nearest", "Q8_0-balanced", "Q8_0-balanced-nearest"]);
  });

  it("reads a table from a file beside the study, and from the study itself", () => {
    const file = `widths: ${widths}\nvalues: ${values}\nfitted: somewhere\n`;
    const study = parse(cell("type: Q8_0, table: tables/mine.yaml").replace("name: c", 'name: "own-{table}"'), { "tables/mine.yaml": file });
    expect(study.cells[0]).toMatchObject({ name: "own-mine", table: { kind: "custom", widths: [64, 32, 16, 8, 4, 2, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64] } });
    expect(parse(cell(`type: Q8_0, table: { widths: ${widths}, values: ${values} }`)).cells[0]?.table?.values[0]).toBe(-128);
  });

  it("gives one spelling to each decode", () => {
    expect(parse(cell('type: Q4_0, radius: 0, decode: "published:shift,packing,shift"')).cells[0]?.decode).toBe("published:packing,shift");
    expect(parse(cell('type: Q4_0, radius: 0, decode: "published:rawdot,shift,packing,lownibble"')).cells[0]?.decode).toBe("published");
  });

  it("takes both base types together", () => {
    expect(parse(cell("type: Q4_0, radius: 1, table: basic, types: [Q8_0, Q4_0], pure: false")).cells[0]).toMatchObject({ types: ["Q4_0", "Q8_0"], mode: "own", pure: false });
  });
});

describe("faults are reported with line, column and what is allowed", () => {
  const faults: [string, string, RegExp][] = [
    ["a map is wanted", "- 1\n", /^s\.yaml:1:1: a study is a map/],
    ["YAML", "name: [\n", /^s\.yaml:\d+:\d+: not valid YAML/],
    ["a key twice", "name: s\nname: t\n", /^s\.yaml:2:1: not valid YAML/],
    ["unknown key of the study", "name: s\nchunk: 3\ncells: [{ name: c, type: F16 }]\n", /^s\.yaml:2:1: unknown key chunk; allowed: name, title/],
    ["wrong type of a study key", "name: s\nchunks: many\ncells: [{ name: c, type: F16 }]\n", /^s\.yaml:2:9: chunks: "many" is not allowed; allowed: a whole number from 1/],
    ["no name", "cells: [{ name: c, type: F16 }]\n", /name is missing/],
    ["no cells", "name: s\n", /cells must be a list/],
    ["empty cells", "name: s\ncells: []\n", /^s\.yaml:2:8: cells must be a list/],
    ["batch", "name: s\nbatch: 600\ncells: [{ name: c, type: F16 }]\n", /^s\.yaml:2:8: batch 600 does not fit context 512/],
    ["unknown key of a cell", cell("type: Q4_0, raduis: 1"), /^s\.yaml:3:28: unknown key raduis; allowed: name, type, pure, radius/],
    ["unknown type", cell("type: Q4_9"), /^s\.yaml:3:22: type: "Q4_9" is not allowed; allowed: a type of llama-quantize: F32/],
    ["no type", cell("radius: 1"), /^s\.yaml:3:5: type is missing/],
    ["radius -1", cell("type: Q4_0, radius: -1"), /^s\.yaml:3:36: radius: -1 is not allowed; allowed: a whole number from 0 to 7/],
    ["radius 8 in a list", cell("type: Q4_0, radius: [1, 8]"), /^s\.yaml:3:40: radius: 8 is not allowed/],
    ["radius 1.5", cell("type: Q4_0, radius: 1.5"), /^s\.yaml:3:36: radius: 1\.5 is not allowed/],
    ["empty list", cell("type: Q4_0, radius: []"), /^s\.yaml:3:36: radius: the list is empty/],
    ["unknown decode", cell('type: Q4_0, decode: "published:pakcing"'), /^s\.yaml:3:36: decode: .* allowed: exact, published, or published:/],
    ["a field that no name can have", cell("type: Q4_0").replace("name: c", 'name: "{radus}"'), /\{radus\} is no field of a cell/],
    ["a name that is no file name", cell("type: Q4_0").replace("name: c", 'name: "../c"'), /name: "\.\.\/c" is not allowed/],
    ["packed with Q8_0", cell("type: Q8_0, table: basic, container: packed"), /^s\.yaml:3:\d+: container packed holds 4-bit codes in Q4_0 blocks: it goes with type Q4_0/],
    ["packed without a table", cell("type: Q4_0, container: packed"), /container packed needs a table/],
    ["packed as published", cell("type: Q4_0, table: basic, container: packed, decode: published"), /container packed is decoded exactly/],
    ["radius with a table", cell("type: Q8_0, radius: 1, table: basic"), /^s\.yaml:3:36: radius belongs to Q4_0 and table to Q8_0/],
    ["radius with Q8_0", cell("type: Q8_0, radius: 1"), /radius belongs to Q4_0/],
    ["a table with native Q4_0", cell("type: Q4_0, table: basic"), /a table belongs to Q8_0/],
    ["own scheme on Q4_1", cell("type: Q4_1, radius: 1"), /^s\.yaml:3:36: radius has no meaning for type Q4_1; own schemes code Q4_0 or Q8_0/],
    ["encode without a table", cell("type: Q4_0, radius: 1, encode: nearest"), /encode says how a table codes/],
    ["published simple Q8_0", cell("type: Q8_0, decode: published"), /same as exact for simple Q8_0/],
    ["types without the own", cell("type: Q4_0, radius: 1, types: [Q8_0]"), /types leaves out the cell's own type Q4_0/],
    ["widths that do not sum to 256", cell(`type: Q8_0, table: { widths: ${widths.replace("64,", "63,")}, values: ${values} }`), /^s\.yaml:3:\d+: table: the widths sum to 255; they must sum to 256/],
    ["15 widths", cell(`type: Q8_0, table: { widths: ${widths.replace("64, ", "")}, values: ${values} }`), /widths has 15 entries; a table has exactly 16/],
    ["17 values", cell(`type: Q8_0, table: { widths: ${widths}, values: ${values.replace("64]", "64, 65]")} }`), /values has 17 entries/],
    ["values that fall", cell(`type: Q8_0, table: { widths: ${widths}, values: ${values.replace("-128, -64", "-64, -128")} }`), /-128 comes after -64; values must rise .*not monotonic/],
    ["a value that is no int8", cell(`type: Q8_0, table: { widths: ${widths}, values: ${values.replace(", 64]", ", 128]")} }`), /128 is not allowed; allowed: an int8/],
    ["no such table", cell("type: Q8_0, table: basics"), /^s\.yaml:3:35: table: basics: there is no such file; allowed: basic, balanced/],
    ["duplicate cells", "name: s\ncells:\n  - { name: c, type: F16 }\n  - { name: C, type: Q4_0 }\n", /^s\.yaml:4:13: duplicate cell C \(first at 3:13\)/],
    ["a grid without its field in the name", cell("type: Q4_0, radius: [1, 2]"), /duplicate cell c/],
  ];
  it.each(faults)("%s", (_what, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it("several at once, each on its line", () => {
    expect(() => parse("name: s\ncells:\n  - { name: a, type: Q }\n  - { name: b, type: F16, x: 1 }\n")).toThrow(/^s\.yaml:3:22: .*\ns\.yaml:4:27: /);
  });

  it("in a table's own file, there", () => {
    expect(() => parse(cell("type: Q8_0, table: t.yaml"), { "t.yaml": `widths: ${widths}\nvalues: [1]\n` })).toThrow(/^t\.yaml:2:9: values has 1 entries/);
  });
});
