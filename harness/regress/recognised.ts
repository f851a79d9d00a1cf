import { rm } from "node:fs/promises";
import { devNull } from "node:os";
import path from "node:path";
import { ownCoding } from "../gguf/own.ts";
import { readGguf } from "../gguf/read.ts";
import { demoModel } from "../paths.ts";
import { ProcessError } from "../process/run.ts";
import { quantizeModel, runProgram, writeConf } from "./programs.ts";
import { attempt, type Tally } from "./tally.ts";
import type { RegressContext } from "./types.ts";

const schemes = [
  { scheme: "centred", type: "Q4_0", conf: "1 2 0\n" },
  { scheme: "table", type: "Q8_0", conf: "1 0 1\nTYPES Q8_0\n" },
  { scheme: "table", type: "Q4_0", conf: "1 0 1\nCONTAINER packed\n" },
];

/**
 * Whoever opens an own-coded file with an unpatched llama.cpp gets wrong weights; the file cannot help
 * that, but it must say so. Checks that upstream's own program shows the scheme among the metadata, and
 * that our reader knows the file.
 */
export async function recognisedUpstream(context: RegressContext, tally: Tally): Promise<void> {
  const { upstream, patched, folder, threads, signal } = context;
  for (const { scheme, type, conf } of schemes) {
    if (conf.includes("packed") && !patched.supports("packed")) continue;
    const to = path.join(folder, "recognised.gguf");
    const label = `${scheme} in ${type} read by upstream`;
    const written = await attempt(async () => {
      await quantizeModel(patched, { model: demoModel, to, type, pure: true, threads, conf: await writeConf("recognised.conf", conf, context) }, context);
      return ownCoding(await readGguf(to))?.scheme;
    }, signal);
    if ("fault" in written) {
      tally.regressed(`${label}: ${written.fault}`);
      continue;
    }
    // llama-quantize refuses the file, quantized as it is; but first it shows its metadata.
    const said = await runProgram(upstream, "llama-quantize", [to, devNull, "Q8_0", "1"], context).then(
      ({ stdout, stderr }) => stdout + stderr,
      (error: unknown) => {
        if (error instanceof ProcessError) return error.output;
        throw error;
      },
    );
    if (written.value !== scheme) tally.regressed(`${label}: the file's metadata says it is ${written.value ?? "upstream's"}`);
    else if (!new RegExp(`pablo\\.scheme\\s+str\\s+=\\s+${scheme}`).test(said)) tally.regressed(`${label}: upstream's program does not show pablo.scheme`);
    else tally.held();
    await rm(to, { force: true });
  }
}
