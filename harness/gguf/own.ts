import { ParseError } from "../errors.ts";
import type { Gguf, GgufValue } from "./read.ts";

/** What an own-coded file says about itself in its `pablo.*` metadata. */
export interface OwnCoding {
  /** "centred" when Q4_0 tensors are; Q8_0 tensors of such a file go through the table all the same. */
  scheme: "simple" | "centred" | "table";
  container: "native" | "packed";
  /** Defects of the thesis's fork that the file is to be decoded with; none when exact. */
  defects: string[];
  /** Names of the tensors that are own-coded. */
  tensors: string[];
  /** 16 decoded values per table: one table, or one for each of `tensors` in turn; empty without a table. */
  values: number[];
}

function oneOf<Name extends string>(gguf: Gguf, key: string, names: readonly Name[], fallback?: Name): Name {
  const value = gguf.metadata.get(key) ?? fallback;
  const found = names.find((name) => name === value);
  if (!found) throw new ParseError(`${gguf.path}: ${key} is ${String(value)}, expected ${names.join(" or ")}.`);
  return found;
}

function list<Item>(gguf: Gguf, key: string, is: (value: GgufValue) => value is GgufValue & Item): Item[] {
  const value = gguf.metadata.get(key);
  if (!Array.isArray(value) || !value.every(is)) throw new ParseError(`${gguf.path}: ${key} is missing or not a list of the right kind.`);
  return value as Item[];
}

const isNumber = (value: GgufValue): value is number => typeof value === "number";
const isText = (value: GgufValue): value is string => typeof value === "string";

/**
 * Reads the `pablo.*` metadata; undefined for a file as upstream writes it.
 * @throws ParseError naming the file and key when they are incomplete or contradict each other
 */
export function ownCoding(gguf: Gguf): OwnCoding | undefined {
  // A file of which one key was damaged must not pass for upstream's.
  if (![...gguf.metadata.keys()].some((key) => key.startsWith("pablo."))) return undefined;
  const version = gguf.metadata.get("pablo.version");
  if (version !== 1) throw new ParseError(`${gguf.path}: pablo.version is ${String(version ?? "missing")}; only 1 is known. Update this program, or make the file again.`);
  const scheme = oneOf(gguf, "pablo.scheme", ["simple", "centred", "table"]);
  const container = oneOf(gguf, "pablo.container", ["native", "packed"], "native");
  const decode = String(gguf.metadata.get("pablo.decode") ?? "exact");
  const tensors = scheme === "simple" && !gguf.metadata.has("pablo.tensors") ? [] : list(gguf, "pablo.tensors", isText);
  const hasTable = scheme === "table" || gguf.metadata.has("pablo.table.values");
  const widths = hasTable ? list(gguf, "pablo.table.widths", isNumber) : [];
  const values = hasTable ? list(gguf, "pablo.table.values", isNumber) : [];
  if (hasTable && (widths.length !== 16 || (values.length !== 16 && values.length !== 16 * tensors.length)))
    throw new ParseError(`${gguf.path}: its table has ${widths.length} widths and ${values.length} values for ${tensors.length} tensors.`);
  const defects = decode.startsWith("published:") ? decode.slice("published:".length).split(",") : [];
  if (decode !== "exact" && defects.length === 0) throw new ParseError(`${gguf.path}: pablo.decode is ${decode}, expected exact or published:….`);
  return { scheme, container, defects, tensors, values };
}

const codesThemselves = Array.from({ length: 16 }, (_, index) => index - 8);

/**
 * The 16 values, in units of the block's scale, that codes -8 to 7 of own-coded tensor `name` decode to: a
 * table's, or the codes themselves in the centred scheme. Undefined for a tensor that is upstream's.
 * @throws ParseError when the tensor needs a table that the file does not have
 */
export function decodedValues(gguf: Gguf, own: OwnCoding | undefined, type: string, name: string): number[] | undefined {
  const layout = codeLayout(type, name, own);
  if (own === undefined || (layout !== "signed nibbles" && layout !== "table bytes")) return undefined;
  if (layout === "signed nibbles" && own.container === "native") return codesThemselves;
  if (own.values.length === 0) throw new ParseError(`${gguf.path}: tensor ${name} needs a table, but there is no pablo.table.values.`);
  const table = own.values.length === 16 ? 0 : own.tensors.indexOf(name);
  return own.values.slice(table * 16, table * 16 + 16);
}

/** How the codes of one tensor lie in its bytes. */
export type CodeLayout = "offset nibbles" | "signed nibbles" | "bytes" | "table bytes";

/**
 * The layout of a tensor's codes; undefined for types that have none here (all but Q4_0, Q8_0 and IQ4_NL).
 * "offset nibbles" is upstream's Q4_0 (8 means zero) and IQ4_NL, "signed nibbles" the centred scheme and packed
 * tables, "bytes" upstream's Q8_0, "table bytes" codes -8 to 7 in Q8_0 blocks.
 */
export function codeLayout(type: string, name: string, own: OwnCoding | undefined): CodeLayout | undefined {
  const isOwn = own !== undefined && own.scheme !== "simple" && own.tensors.includes(name);
  if (type === "Q4_0") return isOwn ? "signed nibbles" : "offset nibbles";
  if (type === "Q8_0") return isOwn ? "table bytes" : "bytes";
  return type === "IQ4_NL" ? "offset nibbles" : undefined;
}
