import { describe, expect, it } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import { demoModel } from "../../harness/paths.ts";
import { ruledTensors } from "../../harness/steps/ruledTensors.ts";
import { confText } from "../../harness/study/conf.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { matchesPattern } from "../../harness/study/tensorRules.ts";
import type { Cell } from "../../harness/study/types.ts";

function cell(fields: string): Cell {
  return parseStudy(`name: s\ncalibration: { text: demo }\ncells:\n  - { name: c, ${fields} }\n`, "s.yaml", () => "").cells[0]!;
}

describe("a pattern", () => {
  it.each([
    ["output.weight", "output.weight", true], ["output.weight", "output", false], ["blk.1.ffn_up.weight", "blk.*.ffn_up.weight", true],
    ["blk.1.ffn_up.weight", "*", true], ["blk.1.ffn_up.weight", "blk.*up*", true], ["aXa", "aX*a", true], ["aa", "a*aa", false], ["ab", "*b*a", false], ["", "*", true],
  ])("%j against %j: %s", (name, pattern, expected) => expect(matchesPattern(name, pattern)).toBe(expected));

  it("of many stars takes no longer than it is", () => {
    const started = process.cpuUsage();
    expect(matchesPattern("a".repeat(5000), `${"*a".repeat(2000)}*b`)).toBe(false);
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(5);
  });
});

describe("rules for single tensors", () => {
  const recipe = "type: IQ4_NL, feedback: true, tensors: [{ match: output.weight, type: Q6_K }, { match: blk.*.ffn_down.weight, type: Q8_0 }]";

  it("have the cell's feedback where their type can", () => {
    expect(cell(recipe).tensors).toEqual([{ match: "output.weight", type: "Q6_K", feedback: false }, { match: "blk.*.ffn_down.weight", type: "Q8_0", feedback: true }]);
    expect(confText(cell(recipe), { moments: "m" })).toBe("0 0 0\nFEEDBACK m\nDAMPING 0.01\nFEEDBACK_TENSORS on blk.*.ffn_down.weight\n");
  });

  it("can have feedback alone", () => {
    const one = cell("type: Q4_1, tensors: [{ match: blk.0.*, type: Q4_0, feedback: true }]");
    expect(confText(one, { moments: "m" })).toBe("0 0 0\nFEEDBACK m\nDAMPING 0.01\nFEEDBACK_TENSORS on blk.0.*\nFEEDBACK_TENSORS off *\n");
  });

  it("name tensors of the model, the first rule that matches", async () => {
    const gguf = await readGguf(demoModel);
    expect(ruledTensors(gguf, { name: "c", tensors: [{ match: "blk.0.attn_q.*", type: "Q8_0", feedback: false }, { match: "blk.0.attn_*", type: "Q5_0", feedback: false }] })).toEqual({
      "blk.0.attn_q.weight": "Q8_0", "blk.0.attn_k.weight": "Q5_0", "blk.0.attn_v.weight": "Q5_0", "blk.0.attn_output.weight": "Q5_0",
    });
    expect(() => ruledTensors(gguf, cell("type: Q4_0, tensors: [{ match: outptu.weight, type: Q6_K }]"))).toThrow(/cell c: tensors: outptu\.weight matches no tensor that is quantized; the model has .*token_embd\.weight/);
  });

  it.each([
    ["type: F16, tensors: [{ match: a, type: Q6_K }]", /tensors has no meaning for type F16/],
    ["type: Q4_0, tensors: [{ match: a, type: Q4_K_M }]", /tensors: .* is not allowed; allowed: a list of maps/],
    ["type: Q4_0, tensors: [{ match: a, type: Q6_K, feedback: true }]", /feedback of a has no meaning for type Q6_K/],
    ["type: Q4_0, tensors: []", /tensors/],
    ["type: Q4_K, feedback: true", /feedback has no meaning for type Q4_K/],
    ["type: Q4_0, feedback: true, imatrix: true", /give both only where/],
    ["type: Q4_0, feedback: { damping: 0 }", /feedback: .*damping.* is not allowed; allowed: true .*a number above 0/],
    ["type: Q4_0, table: basic, container: packed, feedback: true", /a table needs encode: nearest and scale: search/],
  ])("%s is refused", (fields, message) => expect(() => cell(fields)).toThrow(message));
});
