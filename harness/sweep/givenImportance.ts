import { open, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import type { FitInputs } from "../fit/cached.ts";
import { type Importance, readImportance } from "../fit/imatrix.ts";
import { parseLegacyImportance } from "../fit/legacyImportance.ts";
import { quantizableTensors } from "../gguf/quantizable.ts";
import { type Gguf, type GgufTensor, readGguf } from "../gguf/read.ts";
import { contentHash } from "../store/contentHash.ts";
import type { Cell } from "../study/types.ts";
import { askedFile } from "./asked.ts";
import type { Report } from "./events.ts";
import type { Content, Model } from "./inputs.ts";

/** An importance matrix that was given, and what is known of it. */
export type GivenImportance = Content & { known: { importance: Importance } };

/** What a file says: means of squares by tensor, and a sentence about it. */
interface Read {
  importance: Importance;
  says: string;
}

/** Names that messages list at most. */
const mostNames = 4;
/** More than any has in the older format. */
const mostBytes = 1 << 30;

/**
 * A ready importance matrix, in place of one that is computed; what it says of itself is reported.
 *
 * @param readsGguf whether the release's llama-quantize reads those in GGUF
 * @param cells those that are to be run; absent where it is used otherwise
 * @throws UserError naming the file, when it is none, of another model, or of no use to any cell
 */
export async function givenImportance(file: string, { model, cells, readsGguf }: { model: Model; cells?: readonly Cell[]; readsGguf: boolean }, report: Report, signal: AbortSignal): Promise<GivenImportance> {
  if (cells && !cells.some(usesImportance)) throw new UserError(`--imatrix ${file}: no cell that is to be run has imatrix: true; give it to those that shall be quantized with it, or leave --imatrix out`);
  const absolute = await askedFile(file, ".", { report, signal });
  const status = await stat(absolute).catch(() => null);
  if (!status?.isFile()) throw new UserError(`importance matrix ${file}: ${status ? "it is no regular file" : "there is no such file"}; give a file that llama-imatrix wrote`);
  const isGguf = await beginsAsGguf(absolute);
  if (isGguf && !readsGguf) throw new UserError(`importance matrix ${file} is in GGUF, which this release of llama.cpp does not read; give one in the older format, or use a newer --release`);
  if (!isGguf && status.size > mostBytes) throw new UserError(`importance matrix ${file} is no GGUF, and has ${status.size} bytes: more than one in the older format has; give a file that llama-imatrix wrote`);
  const { importance, says } = isGguf ? await readNew(file, await readGguf(absolute)) : readOld(file, await readFile(absolute), model.gguf);
  const lacking = refuseOtherModel(file, importance, model);
  report({ kind: "note", text: `importance matrix ${path.basename(absolute)}: ${importance.size} tensors, ${says}${lacking.length > 0 ? `; not of ${listed(lacking)}, which are quantized without` : ""}` });
  return { name: path.basename(absolute), path: absolute, sha256: await contentHash(absolute, signal), bytes: status.size, known: { importance } };
}

/** Whether a cell is quantized, or its table fitted, with an importance matrix. */
function usesImportance({ imatrix, fit }: Cell): boolean {
  return imatrix || fit?.weights === "imatrix";
}

/** What tables are fitted to, with an importance matrix that was given. */
export function fitInputsWith(model: Model, { name, sha256, known: { importance } }: GivenImportance): FitInputs {
  return { model, imatrix: { source: { text: name, sha256, chunks: null }, key: sha256, importance: () => Promise.resolve(importance) } };
}

async function beginsAsGguf(file: string): Promise<boolean> {
  const handle = await open(file, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return bytesRead === 4 && buffer.toString("latin1") === "GGUF";
  } finally {
    await handle.close();
  }
}

async function readNew(file: string, { path: absolute, metadata, tensors }: Gguf): Promise<Read> {
  const kind = metadata.get("general.type");
  if (kind !== "imatrix" || tensors.length === 0) throw new UserError(`importance matrix ${file} is none${typeof kind === "string" ? ` but of the kind ${JSON.stringify(kind)}` : ""}; give a file that llama-imatrix wrote`);
  const texts = metadata.get("imatrix.datasets");
  const [chunks, size] = [metadata.get("imatrix.chunk_count"), metadata.get("imatrix.chunk_size")];
  return { importance: await readImportance(absolute), says: `over ${String(chunks ?? "an unknown number of")} chunks of ${String(size ?? "unknown")} tokens of ${Array.isArray(texts) && texts.length > 0 ? texts.map(String).join(", ") : "a text that it does not name"}` };
}

function readOld(file: string, bytes: Buffer, { tensors }: Gguf): Read {
  const { squares, chunks, dataset } = parseLegacyImportance(bytes, file);
  const rows = new Map(tensors.map(({ name, shape }) => [name, shape]));
  const importance = new Map([...squares].map(([name, values]) => [name, meanOfExperts(values, rows.get(name))]));
  return { importance, says: `in the older format, over ${chunks ?? "an unknown number of"} chunks of ${dataset || "a text that it does not name"}` };
}

/** As {@link readImportance} has it; of a tensor that the model does not have, or of another shape, as it is. */
function meanOfExperts(values: Float32Array, shape: GgufTensor["shape"] | undefined): Float32Array {
  const [columns = 0, , experts = 1] = shape ?? [];
  if (experts === 1 || values.length !== columns * experts) return values;
  return Float32Array.from({ length: columns }, (_, column) => {
    let sum = 0;
    for (let expert = 0; expert < experts; expert++) sum += values[expert * columns + column]!;
    return sum / experts;
  });
}

/** @returns names of tensors that are quantized and that it lacks */
function refuseOtherModel(file: string, importance: Importance, { path: of, gguf }: Model): string[] {
  const rows = new Map(gguf.tensors.map(({ name, shape }) => [name, shape[0] ?? 0]));
  const wrong = [...importance].flatMap(([name, { length }]) => {
    const row = rows.get(name);
    if (row === length) return [];
    return [row === undefined ? `${name}, which the model does not have` : `${name} of ${length} columns, in the model ${row}`];
  });
  const way = "give the one that was computed for this model";
  if (wrong.length > 0) throw new UserError(`importance matrix ${file} is of another model than ${of}: it has ${listed(wrong, "; ")}; ${way}`);
  const wanted = quantizableTensors(gguf).map(({ name }) => name);
  const lacking = wanted.filter((name) => !importance.has(name));
  if (lacking.length === wanted.length) throw new UserError(`importance matrix ${file} has none of the tensors of ${of} that are quantized; ${way}`);
  return lacking;
}

function listed(names: readonly string[], between = ", "): string {
  return names.slice(0, mostNames).join(between) + (names.length > mostNames ? `${between}and ${names.length - mostNames} more` : "");
}
