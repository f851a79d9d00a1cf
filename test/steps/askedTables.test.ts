import { expect, it } from "vitest";
import { balancedTable } from "../../harness/analysis/tables.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import type { GgufField } from "../../harness/gguf/write.ts";
import { checkWritten } from "../../harness/steps/writtenModel.ts";
import { smallModel, smallQuantizedFile, writeSmall } from "../support/smallModel.ts";
import { temporaryFolder } from "../support/temporary.ts";

const { widths, values } = balancedTable;
const other = values.map((value, index) => (index === 3 ? value + 1 : value));
const conf = (...lines: string[]): string => ["1 0 2", "CONTAINER packed", ...lines, ""].join("\n");
const line = (key: string, of: readonly number[]): string => [key, ...widths, ...of].join(" ");

/** A file of packed codes that says it decodes them by these values. */
async function check(said: (tensors: string[]) => number[], asked: string): Promise<void> {
  const made = smallQuantizedFile("Q4_0");
  const tensors = made.tensors.filter(({ type }) => type === "Q4_0").map(({ name }) => name);
  const fields: GgufField[] = [
    { key: "pablo.version", type: "u32", value: 1 }, { key: "pablo.scheme", type: "string", value: "table" }, { key: "pablo.container", type: "string", value: "packed" },
    { key: "pablo.decode", type: "string", value: "exact" }, { key: "pablo.radius", type: "u32", value: 0 },
    { key: "pablo.tensors", type: "array", of: "string", value: tensors }, { key: "pablo.table.widths", type: "array", of: "i32", value: widths },
    { key: "pablo.table.values", type: "array", of: "i32", value: said(tensors) },
  ];
  const file = await writeSmall("written.gguf", { ...made, fields: [...made.fields, ...fields] }, await temporaryFolder());
  checkWritten(await readGguf(await smallModel()), await readGguf(file), { type: "Q4_0", pure: true, kept: [], conf: asked });
}

it("a file that decodes by the table that was asked for is taken, another is not", async () => {
  await check(() => values, conf(line("TABLE", values)));
  await check(() => values, "1 0 1\nCONTAINER packed\n");
  await expect(check(() => other, conf(line("TABLE", values)))).rejects.toThrow(/wrote another table for \S+ than was asked for/);
  await expect(check(() => other, "1 0 1\nCONTAINER packed\n")).rejects.toThrow(/wrote another table/);
});

it("tables of single tensors are told by their names", async () => {
  const asked = conf(line("TABLE", values), line("TENSOR_TABLE blk.0.attn_q.weight", other));
  const said = (exception: string) => (tensors: string[]): number[] => tensors.flatMap((name) => (name === exception ? other : values));
  await check(said("blk.0.attn_q.weight"), asked);
  await expect(check(said("blk.0.attn_k.weight"), asked)).rejects.toThrow(/wrote another table for blk\.0\.attn_[qk]\.weight/);
});
