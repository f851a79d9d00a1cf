import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { detokenizer } from "../../harness/gguf/detokenize.ts";
import type { GgufValue } from "../../harness/gguf/read.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { decodeFrames } from "../../harness/parse/frames.ts";
import { demoModel } from "../../harness/paths.ts";
import { ensureDemoText } from "../../harness/sweep/knownTexts.ts";

function invented(model: string, tokens: string[], types?: number[], pretokenizer?: string): ReturnType<typeof detokenizer> {
  const metadata = new Map<string, GgufValue>([["tokenizer.ggml.model", model], ["tokenizer.ggml.tokens", tokens]]);
  if (types) metadata.set("tokenizer.ggml.token_type", types);
  if (pretokenizer) metadata.set("tokenizer.ggml.pre", pretokenizer);
  return detokenizer(metadata);
}

describe("the demo model", async () => {
  const { metadata } = await readGguf(demoModel);
  const { text, show } = detokenizer(metadata);
  const tokens = metadata.get("tokenizer.ggml.tokens") as string[];
  const id = (token: string): number => tokens.indexOf(token);

  test("words, spaces and bytes", () => {
    expect(text([id("▁the"), id("▁of")])).toBe(" the of");
    expect(text([..."é€🙂"].flatMap((character) => [...Buffer.from(character)].map((byte) => 3 + byte)))).toBe("é€🙂");
    expect(show(3 + 0x0a)).toBe("\n");
    expect(show(3 + 0xe2)).toBe("<0xE2>");
    expect([0, 1, 2].map(show)).toEqual(["<unk>", "<s>", "</s>"]);
    expect(show(1024)).toBe("<token 1024>");
    expect(show(-1)).toBe("<token -1>");
  });

  test("what was evaluated is the text, in each chunk", async () => {
    const whole = readFileSync(await ensureDemoText(), "utf8");
    const { frames } = decodeFrames(readFileSync(path.join(import.meta.dirname, "../parse/outputs/frames-plain.frames")));
    for (const { expected } of frames) {
      const piece = text([...expected]);
      expect(piece.length).toBeGreaterThan(100);
      expect(whole).toContain(piece);
      expect([...expected].map(show).join("")).toBe(piece);
    }
  });
});

describe("a byte-level vocabulary", () => {
  /** The well-known table, written out: printable bytes are themselves, the 68 others follow from U+0100 on. */
  const others = [...Array(33).keys(), ...Array.from({ length: 34 }, (_, index) => 127 + index), 173];
  const character = (byte: number): string => String.fromCodePoint(others.includes(byte) ? 256 + others.indexOf(byte) : byte);
  const encoded = (text: string): string => [...Buffer.from(text)].map(character).join("");

  test("spaces and newlines are Ġ and Ċ", () => {
    const { text } = invented("gpt2", ["Hello", "Ġworld", "Ċ"]);
    expect(text([0, 1, 2])).toBe("Hello world\n");
  });

  test("every byte, alone and in characters that are cut between tokens", () => {
    const words = "naïve — “日本語” 🙂\t\u00a0\u00ad~";
    const { text, show } = invented("gpt2", [...encoded(words)]);
    const ids = [...encoded(words)].map((_, index) => index);
    expect(text(ids)).toBe(words);
    expect(text([0, 1, 2])).toBe("na\ufffd");
    expect(show(2)).toBe("<0xC3>");
    const bytes = invented("gpt2", Array.from({ length: 256 }, (_, byte) => character(byte)));
    for (let byte = 0; byte < 256; byte++) expect(bytes.show(byte)).toBe(byte < 128 ? String.fromCharCode(byte) : `<0x${byte.toString(16).toUpperCase()}>`);
  });

  test("control and user-defined tokens are shown as they are, characters outside of the table too", () => {
    const { text } = invented("gpt2", ["<|end|>", "Ġ", "Ġ", "<|日|>", "日"], [3, 4, 1, 5, 1]);
    expect(text([0, 1, 2, 3, 4])).toBe("<|end|>Ġ <|日|>日");
  });

  test("pre-tokenizers that keep spaces as SentencePiece does", () => {
    expect(invented("gpt2", ["▁a", "日"], [1, 1], "gemma4").text([0, 1])).toBe(" a日");
  });
});

test("what looks like a byte is one where its type says so, or where there are no types", () => {
  expect(invented("llama", ["<0x41>", "<0x41>"], [6, 1]).text([0, 1])).toBe("A<0x41>");
  expect(invented("llama", ["<0x41>", "▁▁b"]).text([0, 1])).toBe("A  b");
});

test("an unknown tokenizer is shown raw; without a vocabulary there are numbers", () => {
  expect(invented("rwkv", ["▁aĠ"]).show(0)).toBe("▁aĠ");
  expect(detokenizer(new Map()).text([5, 6])).toBe("<token 5><token 6>");
});
