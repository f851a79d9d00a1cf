import { loadavg } from "node:os";
import path from "node:path";
import { UserError } from "../../errors.ts";
import { run } from "../../process/run.ts";
import { watchOthers } from "../others.ts";
import { type ProgramRun, watchPrograms } from "./watchPrograms.ts";

/** A sweep as it was seen from outside. */
export interface TimedSweep {
  /** From the start of Node.js to its end, in seconds. */
  seconds: number;
  /** What llama.cpp's programs and compressors ran, in the order of their starts; seconds since the sweep's start. */
  runs: ProgramRun[];
  /** Share of all processors' time that other processes took, 0 to 1; null where it is unknown. */
  others: number | null;
  /** How many processes wanted a processor when it began, over one minute. */
  load: number;
}

/** Whether a program works for a study's results: one of llama.cpp's, or a compressor. Compilers, git and the like do not. */
function isProgram(name: string, argumentList: readonly string[]): boolean {
  return isLlamaProgram(name) || (name === "xz" && !argumentList.includes("--version"));
}

/** Whether a program is one of llama.cpp's. */
export function isLlamaProgram(name: string): boolean {
  return name.startsWith("llama-");
}

/**
 * Run `npm run sweep` of a checkout as a process of its own, npm left out, and watch it.
 *
 * @param checkout folder of this project's source, with its `node_modules`
 * @param options of the command
 * @throws UserError on systems without Linux's /proc; ProcessError when the sweep fails
 */
export async function timedSweep(checkout: string, options: readonly string[], signal: AbortSignal): Promise<TimedSweep> {
  if (process.platform !== "linux") throw new UserError("which programs run, and for how long, is read from Linux's /proc: run this benchmark on Linux");
  const load = loadavg()[0] ?? 0;
  const shareOfOthers = watchOthers();
  let stop = (): ProgramRun[] => [];
  try {
    const { seconds } = await run(process.execPath, ["--import", "tsx", path.join("scripts", "sweep.ts"), ...options], {
      cwd: checkout,
      // Its programs are in groups of their own, and it watches over them.
      stallSeconds: 0,
      signal,
      onStart: (processId) => void (stop = watchPrograms(processId, isProgram)),
    });
    return { seconds, runs: stop(), others: shareOfOthers(), load };
  } finally {
    stop();
  }
}
