import type { Random } from "./row.ts";

/** Text that is no study, and what a study must not be. */
export interface Malformed {
  what: string;
  text: string;
}

const good = `name: s
title: a study
context: 64
batch: 128
chunks: 4
cells:
  - { name: "own-{radius}{-decode}", type: Q4_0, radius: [1, 2, 3], decode: [exact, "published:shift"] }
  - { name: f16, type: F16 }
  - { name: tabled, type: Q8_0, table: { widths: [64, 32, 16, 8, 4, 2, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64], values: [-128, -64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64] } }
`;

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
const upTo = (random: Random, most: number): number => Math.ceil(random() * most);

/** What no field of a study may be, nor a list of it. */
const wrong = ["-1", ".nan", "-.inf", "1e400", "1.5", "'x'", "[]", "{}", "[[1]]", "null", "*nowhere", "&a [*a]", "99999999999999999999", "!!binary AAAA", '"\\e[31m"'];
const fields = ["name", "title", "context", "batch", "ubatch", "threads", "chunks", "kl_divergence", "imatrix", "pure", "hellaswag", "cells", "unknown"];
const cellFields = ["name", "type", "radius", "table", "container", "encode", "scale", "decode", "imatrix", "types", "pure"];

const kinds: ((random: Random) => Malformed)[] = [
  (random) => ({ what: "cut short within a cell", text: `${good.slice(0, good.indexOf("  - {") + 8 + upTo(random, 40))}` }),
  (random) => {
    const [open, close] = pick(random, [["[", "]"], ["{a: ", "}"], ["- ", ""], ["? ", ""], ["a:\n ", ""]]);
    const depth = 200 + upTo(random, 100_000);
    return { what: `nested ${depth} deep with ${open}`, text: `name: s\ncells: ${open.repeat(depth)}1${pick(random, ["", close.repeat(depth)])}\n` };
  },
  (random) => {
    const [levels, width] = [3 + upTo(random, 12), 5 + upTo(random, 10)];
    const lines = Array.from({ length: levels }, (_, level) => `a${level}: &a${level} [${Array.from({ length: width }, () => (level === 0 ? "1" : `*a${level - 1}`)).join(", ")}]`);
    return { what: `aliases of aliases, ${width} to the ${levels}`, text: `name: s\n${lines.join("\n")}\ncells: *a${levels - 1}\n` };
  },
  (random) => ({ what: "an alias of itself", text: `name: s\n${pick(random, ["cells: &c [*c]", "cells: &c [{ name: a, type: *c }]", "cells: &c { a: *c }", "imatrix: &i { text: *i }\ncells: []", "cells: &c [[[*c]]]"])}\n` }),
  (random) => {
    const [lists, length] = [3 + upTo(random, 5), 20 + upTo(random, 200)];
    const grid = ["radius", "decode", "scale", "encode", "container", "imatrix", "pure", "type"].slice(0, lists).map((field) => `${field}: [${Array.from({ length }, () => 1).join(", ")}]`);
    return { what: `a grid of ${length} to the ${lists}`, text: `name: s\ncells:\n  - { name: a, ${grid.join(", ")} }\n` };
  },
  (random) => ({ what: "a name too long", text: good.replace("name: s", `name: ${"s".repeat(129 + upTo(random, 10_000))}`) }),
  (random) => ({ what: "a cell's name too long", text: good.replace("name: f16", `name: ${"f".repeat(129 + upTo(random, 10_000))}`) }),
  (random) => ({ what: "a name with what cannot stand in one", text: good.replace("name: f16", `name: ${pick(random, ['"a/b"', '"../a"', '".."', '"."', '"a\\0"', '"a\\nb"', '"\\e[1m"', '"-a"', '" "', '"a b"', '"ä"', '"{name}"', '"{nowhere}"', '"{"', '"con/"', "null", "{}"])}`) }),
  (random) => {
    const [field, value] = [pick(random, fields), pick(random, wrong)];
    const others = good.slice(0, good.indexOf("cells:")).split("\n").filter((line) => !line.startsWith(`${field}:`));
    const cells = field === "cells" ? "" : good.slice(good.indexOf("cells:"));
    return { what: `${field} is ${value}`, text: `${others.join("\n")}${["name", "title", "hellaswag"].includes(field) ? `${field}: [${value}]` : `${field}: ${value}`}\n${cells}` };
  },
  (random) => {
    const field = pick(random, cellFields);
    return { what: `a cell's ${field}`, text: `name: s\ncells:\n  - { ${field === "name" ? "" : "name: a, "}${field === "type" ? "" : "type: Q4_0, "}${field}: ${pick(random, ["-1", "1e400", ".nan", "''", "{}", "[[]]", "[]", "[{}]", "x/y", "'\\0'"])} }\n` };
  },
  (random) => ({ what: "bytes of no meaning", text: String.fromCharCode(...Array.from({ length: 200 + upTo(random, 5000) }, () => Math.floor(random() * 256))) }),
  (random) => ({ what: "signs of YAML in no order", text: Array.from({ length: upTo(random, 100_000) }, () => pick(random, [..."[]{}:,-?&*!|>'\"% @`#\n ab1"])).join("") }),
  (random) => ({ what: "one sign again and again", text: pick(random, [..."[]{}:,-?&*!|>'\"%@`#\n1", "- ", "a: ", "!a ", "*a ", "&a ", "k: 1\n", "---\n", "? ", "<<: "]).repeat(1 + upTo(random, 200_000)) }),
  (random) => ({ what: "keys without end", text: Array.from({ length: 1000 + upTo(random, 50_000) }, (_, key) => `k${key}: 1`).join("\n") }),
  (random) => ({ what: "cells without end", text: `name: s\ncells:\n${Array.from({ length: 10_001 + upTo(random, 5000) }, (_, cell) => `  - { name: c${cell}, type: F16 }`).join("\n")}\n` }),
  (random) => ({ what: "too large", text: `${good}#${"x".repeat((1 << 20) + upTo(random, 1 << 20))}` }),
  (random) => {
    const widths = Array.from({ length: pick(random, [0, 15, 17, 100_000]) }, () => upTo(random, 300));
    return { what: `a table of ${widths.length} widths`, text: `name: s\ncells:\n  - { name: a, type: Q8_0, table: { widths: [${widths.join(", ")}], values: [1] } }\n` };
  },
  (random) => ({ what: "a table's file that is none", text: `name: s\ncells:\n  - { name: a, type: Q8_0, table: ${pick(random, ["/dev/zero", "/dev/stdin", "/", ".", "nowhere.yaml", "../../../../etc/passwd", "/proc/self/mem", '"a\\0b"', "x".repeat(5000)])} }\n` }),
];

/** One of many malformed studies, always the same for an index. */
export function malformedStudy(index: number, random: Random): Malformed {
  return kinds[index % kinds.length]!(random);
}
