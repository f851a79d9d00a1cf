import { UserError } from "../errors.ts";
import { withScratch } from "../scratch.ts";
import { scratchFolder, thisProject } from "../upstream/project.ts";
import { makeReport } from "./makeReport.ts";
import { prepare } from "./prepare.ts";
import type { Check, CheckResult, RegressReport, RegressRequest, SharedContext } from "./types.ts";

/** What a run tells while it works. */
export interface RegressEvents {
  /** Progress in words; `fraction` 0…1 of the step where it is known. */
  progress(text: string, fraction?: number): void;
  /** A check has ended. */
  done(result: CheckResult): void;
}

/**
 * Compares the patched build of a release with upstream's, both made with one compiler and set of flags.
 * Inputs at fault, a release that is not to be had, or a build that fails leave the question open: the
 * report says why.
 *
 * @throws {Error} with the name `AbortError` when the signal fires
 */
export async function regress(request: RegressRequest, events: RegressEvents, signal: AbortSignal): Promise<RegressReport> {
  const start = Date.now();
  const results: CheckResult[] = [];
  let context: SharedContext | null = null;
  let fault: string | null = null;
  try {
    await withScratch(scratchFolder(request.project ?? thisProject()), "regress", async (folder) => {
      const prepared = await prepare(request, folder, (text, fraction) => events.progress(text, fraction), signal);
      context = prepared.context;
      for (const check of prepared.selected) results.push(await runCheck(check, context, events));
    });
  } catch (error) {
    if (signal.aborted) throw error;
    fault = faultOf(error);
  }
  return makeReport(request, context, fault, results, (Date.now() - start) / 1000);
}

// An error that nobody foresaw leaves the question open too: it must not look like a regression.
function faultOf(error: unknown): string {
  return error instanceof UserError ? error.message : String((error as Error).stack ?? error);
}

async function runCheck(check: Check, context: SharedContext, events: RegressEvents): Promise<CheckResult> {
  const { name, title } = check;
  const start = Date.now();
  const outcome = await check.run({ ...context, report: (text, fraction) => events.progress(`${name}: ${text}`, fraction) }).catch((error: unknown) => {
    if (context.signal.aborted) throw error;
    return { verdict: "undecided" as const, figure: "the comparison could not be made", details: [`undecided: ${faultOf(error)}`] };
  });
  const result: CheckResult = { name, title, ...outcome, seconds: (Date.now() - start) / 1000 };
  events.done(result);
  return result;
}
