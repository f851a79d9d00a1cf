import { symlink } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { readGguf } from "../gguf/read.ts";
import { batchArguments, deviceArguments } from "./arguments.ts";
import { imatrixConfig } from "./imatrix.ts";
import { momentsBytes } from "./momentsBytes.ts";
import { checkMoments } from "./momentsFile.ts";
import { type Settings, settingsSchema } from "./settings.ts";
import { computingFacts, type Step } from "./step.ts";

/**
 * llama-moments: model and calibration text → second moments E[x xᵀ] of the input of each weight matrix, which error
 * feedback chooses codes by (GPTQ, arXiv 2210.17323). The chunks are the calibration text's.
 */
export const moments: Step<Settings, Record<string, never>> = {
  name: "moments",
  version: 1,
  shared: true,
  config: settingsSchema,
  result: z.strictObject({}),
  configure: ({ cell, settings }) => (cell.feedback ? imatrixConfig(settings, cell.calibration?.chunks ?? null) : null),
  needs: () => ["model", "training"],
  gives: () => ["moments"],
  argv: (asked, at, on) => [
    "llama-moments", "-m", at["model"]!, "-f", at["training"]!, "-o", at["moments"]!,
    ...batchArguments(asked, on), "--chunks", String(asked.chunks ?? -1), ...deviceArguments(on),
  ],
  computes: true,
  facts: computingFacts,
  writes: (_asked, { gguf }) => momentsBytes(gguf),
  async run(asked, at, on, tools) {
    tools.note(`collecting second moments on ${path.basename(at["training"]!)}`);
    await symlink(at["training"]!, path.join(tools.folder, "training"));
    const file = path.join(tools.folder, "moments");
    const argv = moments.argv(asked, { ...at, training: "training", moments: file }, on);
    // Less memory means more passes over the text, and the same moments.
    await tools.run([...argv, "--memory", String(on.memory)], {
      onLine: (line) => {
        const [, pass, passes, chunk, chunks] = /moments: pass (\d+) of (\d+), chunk (\d+) of (\d+)/.exec(line)?.map(Number) ?? [];
        if (pass && passes && chunk && chunks) tools.report(`pass ${pass} of ${passes}, chunk ${chunk} of ${chunks}`, (pass - 1 + chunk / chunks) / passes);
      },
    });
    await checkMoments(file, await readGguf(at["model"]!), asked);
    return {};
  },
  columns: [],
};
