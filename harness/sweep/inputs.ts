import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { keptJson, rememberJson } from "../json.ts";
import { cacheFolder } from "../paths.ts";
import { firstNonFinite } from "../gguf/finite.ts";
import { type Gguf, readGguf } from "../gguf/read.ts";
import { modelName } from "../gguf/split.ts";
import { isQuantized } from "../gguf/types.ts";
import { withScratch } from "../scratch.ts";
import { contentHash } from "../store/contentHash.ts";
import { refuseLinks } from "../store/links.ts";
import { readPlan } from "../store/plan.ts";
import { resultsStore } from "../store/store.ts";
import { refuseOtherKind } from "./modelKind.ts";
import { stepFiles } from "../steps/registry.ts";
import type { StudyFile } from "../study/find.ts";
import { longestName } from "../study/schema.ts";
import type { Study } from "../study/types.ts";
import { askedFile, type Fetching } from "./asked.ts";
import { readableFile } from "./readableFile.ts";

/** A file that a sweep reads, and what identifies its content. */
export interface Content {
  /** File name without folder; of a model also without `.gguf` and the number of a part. */
  name: string;
  path: string;
  sha256: string;
  bytes: number;
}

/** A model that can be quantized. */
export interface Model extends Content {
  gguf: Gguf;
}

/**
 * Check a model before anything runs.
 *
 * @param file path of a GGUF file
 * @throws UserError when it is missing, not a GGUF, truncated, of another kind than a whole model, quantized already, or
 *   holds weights that are no numbers
 */
export async function checkModel(file: string, signal?: AbortSignal): Promise<Model> {
  const absolute = path.resolve(file);
  const status = await stat(absolute).catch(() => null);
  if (!status) throw new UserError(`model ${file}: there is no such file; give a GGUF file with --model`);
  if (!status.isFile()) throw new UserError(`model ${file} is no regular file; a model is read many times: give a GGUF file with --model`);
  const gguf = await readGguf(absolute);
  refuseOtherKind(file, gguf);
  if (gguf.tensors.length === 0) throw new UserError(`model ${file} has no tensors; give a whole model`);
  const coded = gguf.tensors.find(({ type }) => isQuantized(type));
  if (coded) {
    throw new UserError(
      `model ${file} is already quantized: tensor ${coded.name} is ${coded.type}; give the model in F32, F16 or BF16`,
    );
  }
  const sha256 = await contentHash(absolute, signal);
  await refuseNonFinite(file, gguf, sha256, signal);
  return { name: modelName(file), path: absolute, sha256, bytes: gguf.fileBytes, gguf };
}

/** Raised whenever a model is looked through in another way. */
const finiteVersion = 1;

/** A model is looked through once: what was found is remembered by its content. */
async function refuseNonFinite(file: string, gguf: Gguf, sha256: string, signal?: AbortSignal): Promise<void> {
  const checked = path.join(cacheFolder(), "finite", sha256);
  if ((await keptJson(checked, z.literal(finiteVersion))) !== null) return;
  const found = await firstNonFinite(gguf, signal);
  if (found) throw new UserError(`model ${file}: weight ${found.index} of tensor ${found.tensor} is ${found.value}; nothing can be quantized from it: convert or download the model again`);
  await rememberJson(checked, finiteVersion);
}

/**
 * Check the files that a study names for steps of their own.
 *
 * @returns of each field the file, and what is known of it
 * @throws UserError naming the file and what is wrong
 */
export async function checkStepFiles({ files = {} }: Study, study: StudyFile, fetching: Fetching): Promise<Record<string, Content & { known: object }>> {
  const found: Record<string, Content & { known: object }> = {};
  for (const { field, check } of stepFiles) {
    const named = files[field];
    if (named === undefined) continue;
    const local = await askedFile(named, study.folder, fetching);
    const { path: absolute } = await readableFile(local, field, fetching.signal);
    const bytes = await readFile(absolute).catch((error: Error) => {
      throw new UserError(`${study.path}: ${field} ${named} cannot be read (${error.message}); paths in a study count from its folder`);
    });
    const known = check(named, bytes);
    found[field] = { name: path.basename(local), path: absolute, sha256: await contentHash(absolute, fetching.signal), bytes: bytes.length, known };
  }
  return found;
}

/**
 * Make the results folder, or check that it is ours to write in. It may hold results of several studies of one model.
 *
 * @param folder where results go
 * @throws UserError when it cannot be written, holds something else, or results of another model
 */
export async function checkResults(folder: string, model: Content): Promise<void> {
  const cannot = (error: Error): never => {
    throw new UserError(`results folder ${folder} cannot be written (${error.message}); give another with --out`);
  };
  await mkdir(folder, { recursive: true }).catch(cannot);
  const store = resultsStore(folder);
  const names = await readdir(folder).catch(cannot);
  if (names.length > 0 && !names.includes(path.basename(store))) {
    throw new UserError(`${folder} is not empty and holds no results (it has ${names[0]}); give another folder with --out`);
  }
  await refuseLinks(folder);
  // A plan that cannot be read is written anew.
  const plan = await readPlan(folder).catch(() => null);
  if (plan && plan.model.sha256 !== model.sha256) {
    throw new UserError(`${folder} holds results of model ${plan.model.path} as it was then, another content than ${model.path}; give another folder with --out`);
  }
  // Names as long as any that will be wanted: else what took hours could not be kept.
  await withScratch(store, "probe", (probe) => mkdir(path.join(probe, "n".repeat(longestName + 16), "k".repeat(64)), { recursive: true })).catch(cannot);
}
