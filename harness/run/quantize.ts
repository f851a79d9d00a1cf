import { run } from "../process/run.ts";
import type { StepReport } from "./events.ts";

/** What the steps of a cell have in common. */
export interface StepContext {
  /** Path of the program. */
  program: string;
  /** Working directory, the cell's own. */
  folder: string;
  environment: Record<string, string | undefined>;
  signal: AbortSignal;
  report: StepReport;
}

/** What a step printed, and how long it took in seconds of wall time. */
export interface StepResult {
  stdout: string;
  stderr: string;
  seconds: number;
}

/**
 * Quantize a model.
 *
 * @param argumentList arguments of llama-quantize
 * @throws ProcessError when it fails
 */
export async function quantize(argumentList: string[], context: StepContext): Promise<StepResult> {
  const { report } = context;
  report("quantize", "starting", 0);
  return run(context.program, argumentList, {
    cwd: context.folder,
    env: context.environment,
    signal: context.signal,
    onLine: (line) => {
      const [, done, all] = /\[\s*(\d+)\/\s*(\d+)\]/.exec(line) ?? [];
      if (done && all) report("quantize", `tensor ${done} of ${all}`, Number(done) / Number(all));
    },
  });
}
