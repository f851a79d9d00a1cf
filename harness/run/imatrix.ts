import { UserError } from "../errors.ts";
import { type Importance, readImportance } from "../fit/imatrix.ts";
import { canonicalJson, hashText } from "../hash.ts";
import { chunksDone } from "../parse/chunks.ts";
import { run } from "../process/run.ts";
import { imatrixArguments, roles, type Settings } from "./arguments.ts";
import { buildInputs } from "./buildInputs.ts";
import type { Build } from "../build/build.ts";
import { childEnvironment } from "./environment.ts";
import type { Report } from "./events.ts";
import type { Content, Model } from "./inputs.ts";
import { once, preparedFile } from "./prepared.ts";

/** An importance matrix that is computed when it is first needed. */
export interface Imatrix {
  /** The training text; never the one that is measured on. */
  text: Content;
  /** At most so many chunks of it; null for all. */
  chunks: number | null;
  /** Path of the file, made if need be. */
  file(): Promise<string>;
  importance(): Promise<Importance>;
}

/**
 * The importance matrix of a model over a training text, by llama-imatrix, kept in the cache folder.
 *
 * @throws UserError when the training text is the one that is measured on
 */
export function prepareImatrix(
  { build, model, text, measuredText, chunks, settings }: {
    build: Build; model: Model; text: Content; measuredText: Content | null; chunks: number | null; settings: Settings;
  },
  report: Report,
  signal: AbortSignal,
): Imatrix {
  if (measuredText?.sha256 === text.sha256) {
    throw new UserError(`the importance matrix would be computed on ${text.path}, the text that is measured on: give another training text`);
  }
  const key = hashText(canonicalJson({
    ...buildInputs(build), model: model.sha256, text: text.sha256,
    argv: imatrixArguments(settings, chunks, { model: roles.model, text: roles.imatrixText, imatrix: roles.imatrix }, build.lacks),
  }));
  const file = once(() =>
    preparedFile("imatrices", `${key}.gguf`, async (unfinished, folder) => {
      report({ kind: "note", text: `computing an importance matrix on ${text.name}` });
      const list = imatrixArguments(settings, chunks, { model: model.path, text: text.path, imatrix: unfinished }, build.lacks);
      await run(build.binary("llama-imatrix"), list, {
        cwd: folder, env: childEnvironment(null), signal,
        onText: (output) => {
          const done = chunksDone(output);
          if (done !== undefined) report({ kind: "prepare", text: `importance matrix: chunk ${done}` });
        },
      });
    }, { signal, onWait: () => report({ kind: "note", text: "waiting: another process is computing the importance matrix" }) }),
  );
  return { text, chunks, file, importance: once(async () => readImportance(await file())) };
}
