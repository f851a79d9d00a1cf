import { beforeEach, describe, expect, it, vi } from "vitest";
import type { GgufField } from "../../harness/gguf/write.ts";
import { type SmallFile, smallFile, smallQuantizedFile, writeSmall } from "../support/smallModel.ts";
import { makeLab } from "../support/sweepLab.ts";
import { temporaryFolder } from "../support/temporary.ts";

beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder()));

const text = (key: string, value: string): GgufField => ({ key, type: "string", value });

function changed(change: (fields: GgufField[]) => GgufField[]): SmallFile {
  const { fields, tensors } = smallFile();
  return { fields: change(fields), tensors };
}
const withField = (field: GgufField): SmallFile => changed((fields) => [...fields.filter(({ key }) => key !== field.key), field]);
const without = (key: string): SmallFile => changed((fields) => fields.filter((field) => field.key !== key));

describe("what can be known of a model is said before anything runs", () => {
  const cases: [string, SmallFile, RegExp][] = [
    ["an adapter", withField(text("general.type", "adapter")), /is no model but an adapter \(LoRA\); merge it/],
    ["an older adapter", withField(text("adapter.type", "lora")), /an adapter/],
    ["a projector", withField(text("general.type", "mmproj")), /a projector.*; give the language model/],
    ["an older projector", withField({ key: "clip.has_vision_encoder", type: "bool", value: true }), /a projector/],
    ["an importance matrix", withField(text("general.type", "imatrix")), /an importance matrix; give the model/],
    ["something else", withField(text("general.type", "moments")), /of the kind "moments" \(general\.type\)/],
    ["a part of a model by no part's name", withField({ key: "split.count", type: "u32", value: 3 }), /is the first of 3 parts of a model, and must be called …-00001-of-00003\.gguf/],
    ["no architecture", without("general.architecture"), /does not say of which architecture/],
    ["no tokenizer", without("tokenizer.ggml.model"), /has no tokenizer/],
    ["no tokens", without("tokenizer.ggml.tokens"), /has no tokenizer/],
    ["a tokenizer that is none", withField(text("tokenizer.ggml.model", "none")), /has no tokenizer/],
    ["a quantized model", smallQuantizedFile("IQ4_NL"), /already quantized: tensor token_embd\.weight is IQ4_NL/],
  ];
  it.each(cases)("%s", async (_what, file, message) => {
    const lab = await makeLab();
    const model = await writeSmall("m.gguf", file, lab.folder);
    await expect(lab.run({ model })).rejects.toThrow(message);
    await expect(lab.run({ model })).rejects.toThrow("m.gguf");
    expect(await lab.calls()).toEqual([]);
  });
});
