import { stat } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { ownCoding } from "../gguf/own.ts";
import { type Gguf, readGguf } from "../gguf/read.ts";
import { modelName } from "../gguf/split.ts";
import { selectCells } from "../select.ts";
import { fileTypeNumbered } from "../steps/fileTypes.ts";
import { contentHash } from "../store/contentHash.ts";
import { readyMade, readyName } from "../study/ready.ts";
import { baseTypes, type Cell, fileTypes, type Study } from "../study/types.ts";
import { askedFile, type Fetching } from "./asked.ts";
import type { Model } from "./inputs.ts";
import { refuseOtherKind } from "./modelKind.ts";

/** A study whose ready-made files have been read. */
export interface ReadyFiles {
  /** With a cell for each file of the command line behind its own. */
  study: Study;
  /** The files, by the name of the cell that measures each. */
  ready: ReadonlyMap<string, Model>;
  /** Names of the cells that are to be run. */
  wanted: ReadonlySet<string>;
}

/**
 * Reads the ready-made files of a study and of the command line.
 *
 * @param folder that paths in the study count from
 * @throws UserError naming a file that is missing, damaged, no model, or called as another cell
 */
export async function readyFiles(study: Study, { folder, also = [], only }: { folder: string; also?: readonly string[] | undefined; only?: string | undefined }, fetching: Fetching): Promise<ReadyFiles> {
  const chosen = selectCells(study.cells, only);
  const added = also.map((file) => readyMade(readyName(file), file));
  const cells = [...study.cells, ...added];
  const twice = added.find(({ name }, index) => cells.findIndex((other) => other.name.toLowerCase() === name.toLowerCase()) !== study.cells.length + index);
  if (twice) throw new UserError(`--also ${twice.model}: there is a cell ${twice.name} already; call the file otherwise, or give it a cell of another name in the study: { name: …, model: ${twice.model} }`);
  const ready = new Map<string, Model>();
  const described: Cell[] = [];
  for (const cell of cells) {
    if (cell.model === undefined) {
      described.push(cell);
      continue;
    }
    const file = await checkReady(await askedFile(cell.model, added.includes(cell) ? "." : folder, fetching), cell.model, fetching.signal);
    ready.set(cell.name, file);
    described.push({ ...cell, ...describe(file) });
  }
  return { study: { ...study, cells: described }, ready, wanted: new Set([...chosen, ...added].map(({ name }) => name)) };
}

async function checkReady(absolute: string, named: string, signal: AbortSignal): Promise<Model> {
  const status = await stat(absolute).catch(() => null);
  if (!status?.isFile()) throw new UserError(`ready-made file ${named}: ${status ? "it is no regular file" : "there is no such file"}; give a GGUF file`);
  const gguf = await readGguf(absolute);
  refuseOtherKind(named, gguf);
  if (gguf.tensors.length === 0) throw new UserError(`ready-made file ${named} has no tensors; give a whole model`);
  return { name: modelName(absolute), path: absolute, sha256: await contentHash(absolute, signal), bytes: gguf.fileBytes, gguf };
}

/** What a file says of its type, and of its own codes. */
function describe({ path: file, gguf }: Model): Partial<Cell> {
  const own = ownCoding(gguf);
  const type = fileTypeNumbered(gguf.metadata.get("general.file_type")) ?? commonestType(gguf);
  if (!type) throw new UserError(`ready-made file ${file} does not say of which type it is (general.file_type is ${String(gguf.metadata.get("general.file_type") ?? "missing")}), and none is known for its tensors; make it again with a release of llama.cpp that quantflex knows`);
  if (!own || own.scheme === "simple") return { type };
  const coded = new Set(gguf.tensors.filter(({ name }) => own.tensors.includes(name)).map((tensor) => tensor.type));
  const radius = gguf.metadata.get("pablo.radius");
  return {
    type, container: own.container, types: baseTypes.filter((base) => coded.has(base)),
    decode: own.defects.length === 0 ? "exact" : `published:${own.defects.join(",")}`,
    ...(own.scheme === "centred" && typeof radius === "number" && { radius }),
  };
}

/** The type that most weights have, where that is one of whole files. */
function commonestType({ tensors }: Gguf): Cell["type"] | undefined {
  const weights = new Map<string, number>();
  for (const { type, elements } of tensors) weights.set(type, (weights.get(type) ?? 0) + elements);
  const [commonest] = [...weights].sort(([, one], [, other]) => other - one)[0] ?? [];
  return fileTypes.find((type) => type === commonest);
}

/** What decides how a text becomes tokens. Files made long ago have no `pre`. */
const ofVocabulary = ["tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.merges"] as const;

/**
 * Refuses a ready-made file whose tokens are not the model's: its likelihoods would be those of another text.
 *
 * @throws UserError with the first difference
 */
export function refuseOtherVocabulary(file: Pick<Model, "path" | "gguf">, model: Pick<Model, "path" | "gguf">): void {
  for (const key of ofVocabulary) {
    const [own, wanted] = [file.gguf.metadata.get(key), model.gguf.metadata.get(key)];
    if (key === "tokenizer.ggml.pre" && (own === undefined || wanted === undefined)) continue;
    const what = difference(own, wanted);
    if (what !== null) throw new UserError(`ready-made file ${file.path} has another vocabulary than the model ${model.path}, which it would be compared with: ${key} ${what}; give a file that was made from this model, or the model that it was made from with --model`);
  }
}

function difference(own: unknown, wanted: unknown): string | null {
  if (!Array.isArray(own) || !Array.isArray(wanted)) return own === wanted || (Array.isArray(own) && own.length === 0 && wanted === undefined) ? null : `is ${shown(own)}, not ${shown(wanted)}`;
  if (own.length !== wanted.length) return `has ${own.length} entries, not ${wanted.length}`;
  const at = own.findIndex((entry, index) => entry !== wanted[index]);
  return at < 0 ? null : `has ${shown(own[at])} as entry ${at}, not ${shown(wanted[at])}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  return Array.isArray(value) ? `a list of ${value.length}` : JSON.stringify(value);
}
