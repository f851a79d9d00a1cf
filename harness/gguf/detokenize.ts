import type { GgufValue } from "./header.ts";

/** Texts of the tokens of a vocabulary. */
export interface Detokenizer {
  /** The text of tokens that follow one another; what is no UTF-8, as where a character is cut, becomes U+FFFD. */
  text(ids: readonly number[]): string;
  /** One token to be looked at: its text, or where that is a part of a character, its bytes as `<0xE2><0x80>`. */
  show(id: number): string;
}

const unknown = 2;
const control = 3;
const userDefined = 4;
const unused = 5;
const byte = 6;
const literal: GgufValue[] = [unknown, control, userDefined, unused];

const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Which byte a character of a byte-level vocabulary stands for: itself where it is printable Latin-1, else one from U+0100 on. */
const bytesOfCharacters = new Map<string, number>();
for (let value = 0, others = 0; value < 256; value++) {
  const printable = (value >= 0x21 && value <= 0x7e) || (value >= 0xa1 && value <= 0xac) || value >= 0xae;
  bytesOfCharacters.set(String.fromCodePoint(printable ? value : 256 + others++), value);
}

function byteLevel(token: string): Uint8Array {
  return Buffer.concat([...token].map((character) => {
    const value = bytesOfCharacters.get(character);
    return value === undefined ? utf8.encode(character) : Uint8Array.of(value);
  }));
}

function withSpaces(token: string): Uint8Array {
  return utf8.encode(token.replaceAll("▁", " "));
}

/** How ordinary tokens of a tokenizer are read; a pre-tokenizer of Gemma 4's kind writes spaces as SentencePiece does. */
function reader(model: GgufValue | undefined, pretokenizer: GgufValue | undefined): (token: string) => Uint8Array {
  if (model === "llama" || model === "t5" || model === "bert" || model === "gemma4") return withSpaces;
  if (model !== "gpt2") return (token) => utf8.encode(token);
  return pretokenizer === "gemma4" || pretokenizer === "granite-embed-multi-311m" || pretokenizer === "sarvam-moe" ? withSpaces : byteLevel;
}

/**
 * Reads a model's vocabulary. Control, unused, unknown and user-defined tokens are shown as they are
 * written, tokens of an unknown tokenizer too, and an id that the vocabulary lacks as `<token 7>`.
 * @param metadata of the GGUF file; a file without vocabulary lacks all ids
 * Source: `llama_vocab::impl::token_to_piece` in upstream's src/llama-vocab.cpp, `unicode_byte_to_utf8_map` in src/unicode.cpp.
 */
export function detokenizer(metadata: ReadonlyMap<string, GgufValue>): Detokenizer {
  const list = (key: string): GgufValue[] => {
    const value = metadata.get(key);
    return Array.isArray(value) ? value : [];
  };
  const tokens = list("tokenizer.ggml.tokens");
  const types = list("tokenizer.ggml.token_type");
  const model = metadata.get("tokenizer.ggml.model");
  const read = reader(model, metadata.get("tokenizer.ggml.pre"));

  function piece(id: number): Uint8Array {
    const token = tokens[id];
    if (typeof token !== "string") return utf8.encode(`<token ${id}>`);
    const type = types[id];
    if (type !== undefined && literal.includes(type)) return utf8.encode(token);
    const [, hexadecimal] = /^<0x([0-9A-Fa-f]{2})>$/.exec(token) ?? [];
    if (hexadecimal && (type === byte || (type === undefined && model === "llama"))) return Uint8Array.of(parseInt(hexadecimal, 16));
    return read(token);
  }

  return {
    text: (ids) => Buffer.concat(ids.map(piece)).toString("utf8"),
    show(id) {
      const bytes = piece(id);
      try {
        return strict.decode(bytes);
      } catch {
        return Array.from(bytes, (value) => `<0x${value.toString(16).toUpperCase().padStart(2, "0")}>`).join("");
      }
    },
  };
}
