import { symlink } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { readGguf } from "../gguf/read.ts";
import { confLine, confText } from "../study/conf.ts";
import { fileTypes, floatTypes } from "../study/types.ts";
import { hasType, misfits } from "./misfits.ts";
import { leastQuantizedBytes } from "./room.ts";
import { ruledTensors } from "./ruledTensors.ts";
import { tensorPattern } from "./tensorPattern.ts";
import { buildFacts, type Paths, type Step, type Target } from "./step.ts";
import { writeOwn } from "../writeAtomic.ts";
import { checkWritten } from "./writtenModel.ts";

const config = z.strictObject({
  type: z.enum(fileTypes),
  pure: z.boolean(),
  /** The scheme as normalized pablo.conf; null when the library has no part in the cell. */
  conf: z.string().nullable(),
  imatrix: z.boolean(),
  /** Names of tensors that stay F16. */
  kept: z.array(z.string()),
  /** Tensors that get another type, by name. */
  types: z.record(z.string(), z.string()).optional(),
});

const result = z.strictObject({
  quantizeSeconds: z.number().nonnegative(),
  /** With error feedback: why each tensor that it did not reach was rounded instead, by name. */
  rounded: z.record(z.string(), z.string()).optional(),
});

type Config = z.infer<typeof config>;

/** llama-quantize: model → quantized file, which is checked against what was asked for, and the library's histogram of its codes. */
export const quantize: Step<Config, z.infer<typeof result>> = {
  name: "quantize",
  version: 2,
  config,
  result,
  configure: ({ cell, gguf }) => cell.mode === "ready" || hasType(gguf, cell.type) ? null : {
    type: cell.type,
    pure: cell.pure,
    conf: confText(cell, { histogram: "histogram", moments: "moments" }),
    imatrix: cell.imatrix,
    kept: misfits(gguf, cell),
    ...(cell.tensors && { types: ruledTensors(gguf, cell) }),
  },
  needs: ({ imatrix, conf }) => ["model", ...(imatrix ? ["imatrix"] : []), ...(confLine(conf, "FEEDBACK") ? ["moments"] : [])],
  gives: ({ conf }) => ["quantized", ...(confLine(conf, "HISTOGRAM") ? ["histogram"] : [])],
  argv: (asked, at, { threads }) => ["llama-quantize", ...quantizeArguments(asked, at, threads)],
  facts: buildFacts,
  writes: (_asked, { quantizedBytes }) => quantizedBytes,
  async run(asked, at, on, tools) {
    refuseKept(asked, on);
    const model = await readGguf(at["model"]!);
    tools.reserve(leastQuantizedBytes(model, asked.type, asked.types));
    const conf = asked.conf === null ? null : path.join(tools.folder, "pablo.conf");
    if (conf !== null) await writeOwn(conf, asked.conf ?? "");
    // The program writes the path of an importance matrix into the file, whose bytes shall not depend on where the cache lies.
    for (const role of quantize.needs(asked)) if (role !== "model") await symlink(at[role]!, path.join(tools.folder, role));
    tools.report("starting", 0);
    const rounded: Record<string, string> = {};
    const quantized = path.join(tools.folder, "quantized");
    const { seconds } = await tools.run(quantize.argv(asked, { ...at, imatrix: "imatrix", quantized }, on), {
      conf,
      onLine: (line) => {
        const [, done, all] = /\[\s*(\d+)\/\s*(\d+)\]/.exec(line) ?? [];
        if (done && all) tools.report(`tensor ${done} of ${all}`, Number(done) / Number(all));
        const [, tensor, reason] = /^pablo_feedback: (.+): rounded \((.*)\)$/.exec(line) ?? [];
        if (tensor && reason) rounded[tensor] = reason;
      },
    });
    checkWritten(model, await readGguf(quantized), asked);
    return { quantizeSeconds: seconds, ...(confLine(asked.conf, "FEEDBACK") && { rounded }) };
  },
  columns: [
    { name: "quantize_s", unit: "s", decimals: 3, better: "lower", says: "wall time of llama-quantize", value: ({ quantizeSeconds }) => quantizeSeconds },
  ],
};

/**
 * Arguments of llama-quantize. Its bytes do not depend on the number of threads.
 *
 * @param at files by role, or the roles for a key: `model`, `quantized`, and `imatrix` where there is one
 */
export function quantizeArguments(
  { type, pure, kept = [], types = {}, imatrix = false }: { type: string; pure: boolean; kept?: readonly string[]; types?: Readonly<Record<string, string>> | undefined; imatrix?: boolean },
  at: Paths,
  threads: string,
): string[] {
  return [
    ...(imatrix ? ["--imatrix", at["imatrix"]!] : []),
    ...(pure && !floatTypes.includes(type) ? ["--pure"] : []),
    ...Object.entries({ ...types, ...Object.fromEntries(kept.map((name) => [name, "F16"])) }).flatMap(([name, other]) => ["--tensor-type", `${tensorPattern(name)}=${other.toLowerCase()}`]),
    at["model"]!,
    at["quantized"]!,
    type,
    threads,
  ];
}

function refuseKept({ kept, types = {} }: Config, { build }: Target): void {
  const [first] = [...kept, ...Object.keys(types)];
  if (first === undefined || build.supports("--tensor-type")) return;
  throw new UserError(`llama.cpp ${build.release} cannot keep ${first} in another type than the rest, which its rows would need; use a newer release`);
}
