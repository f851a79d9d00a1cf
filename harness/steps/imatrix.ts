import { symlink } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { readGguf } from "../gguf/read.ts";
import { chunksDone } from "../parse/chunks.ts";
import { bothStreams } from "../parse/numbers.ts";
import { batchArguments, deviceArguments } from "./arguments.ts";
import { checkImportance } from "./importanceFile.ts";
import { type Settings, settingsSchema } from "./settings.ts";
import { computingFacts, type Step } from "./step.ts";

/** llama-imatrix: model and calibration text → importance of each column of each weight matrix. The chunks are the calibration text's. */
export const imatrix: Step<Settings, Record<string, never>> = {
  name: "imatrix",
  version: 1,
  shared: true,
  config: settingsSchema,
  result: z.strictObject({}),
  configure: ({ cell, settings, files }) => (cell.imatrix && !files["imatrix"] ? imatrixConfig(settings, cell.calibration?.chunks ?? null) : null),
  needs: () => ["model", "training"],
  gives: () => ["imatrix"],
  argv: (asked, at, on) => [
    "llama-imatrix", "-m", at["model"]!, "-f", at["training"]!, "-o", at["imatrix"]!,
    ...batchArguments(asked, on), "--chunks", String(asked.chunks ?? -1), "--no-ppl", ...deviceArguments(on),
  ],
  computes: true,
  facts: computingFacts,
  async run(asked, at, on, tools) {
    tools.note(`computing an importance matrix on ${path.basename(at["training"]!)}`);
    // The program writes the path into the file, and llama-quantize into its own: they shall not depend on where the text lies.
    await symlink(at["training"]!, path.join(tools.folder, "training"));
    const file = path.join(tools.folder, "imatrix");
    const output = await tools.run(imatrix.argv(asked, { ...at, training: "training", imatrix: file }, on), {
      onText: (output) => {
        const done = chunksDone(output);
        if (done !== undefined) tools.report(`chunk ${done}`);
      },
    });
    // Older releases write a format that does not say these.
    if (on.build.supports("imatrix")) await checkImportance(file, await readGguf(at["model"]!), asked, bothStreams(output));
    return {};
  },
  columns: [],
};

/** An importance matrix of a study with these settings. The batch holds a whole chunk, as llama-imatrix wants. */
export function imatrixConfig({ context, batch, ubatch }: Omit<Settings, "chunks">, chunks: number | null): Settings {
  return { context, batch: Math.max(batch, context), ubatch, chunks };
}
