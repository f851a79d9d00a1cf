import type { ProcessResult, RunOptions } from "../process/run.ts";
import type { StepReport } from "./events.ts";

/** What the steps of a cell have in common. */
export interface StepContext {
  /**
   * Runs a program by its name in the cell's folder and environment. Its command line is recorded, and what it
   * printed is kept with the cell, whatever comes of it.
   *
   * @param log name of that log, without `.log`; the program's by default
   */
  run(program: string, argumentList: string[], options: Pick<RunOptions, "onLine" | "onText">, log?: string): Promise<ProcessResult>;
  report: StepReport;
}

/**
 * Quantize a model.
 *
 * @param argumentList arguments of llama-quantize
 * @throws ProcessError when it fails
 */
export async function quantize(argumentList: string[], { run, report }: StepContext): Promise<ProcessResult> {
  report("quantize", "starting", 0);
  return run("llama-quantize", argumentList, {
    onLine: (line) => {
      const [, done, all] = /\[\s*(\d+)\/\s*(\d+)\]/.exec(line) ?? [];
      if (done && all) report("quantize", `tensor ${done} of ${all}`, Number(done) / Number(all));
    },
  });
}
