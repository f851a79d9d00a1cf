import type { Command } from "commander";
import { plainProgress } from "./plainProgress.ts";
import { logNote } from "../process/reason.ts";
import type { Report } from "../sweep/events.ts";
import { reportRate } from "../sweep/reportRate.ts";
import { keepRate } from "../store/rates.ts";
import { sweep, type SweepRequest } from "../sweep/sweep.ts";
import { type CommandIo, exitCodes } from "./io.ts";
import { showPlan } from "./plan.ts";
import { showReports } from "./report.ts";
import { stallOption } from "./stallOption.ts";
import { requestOf, type SweepOptions, sweepOptions } from "./sweepOptions.ts";

/**
 * Adds `sweep`: run a study, and make everything that people read of it.
 *
 * @param given what no option can say: binaries other than the patched build
 */
export function addSweepCommand(program: Command, io: CommandIo, given: Pick<SweepRequest, "build">): void {
  sweepOptions(program.command("sweep").description("run a study: quantize, count, compress and evaluate every cell that has no result yet"))
    .option("--dry-run", "say what would be done and what it would take, as npm run plan does, and do nothing")
    .addOption(stallOption())
    .action(async ({ dryRun = false, ...asked }: SweepOptions & { dryRun?: boolean }) => {
      const options = requestOf(asked);
      if (dryRun) return showPlan({ ...options, ...given }, io, false);
      const live = process.stdout.isTTY ? (await import("./liveProgress.ts")).liveProgress(options.jobs ?? 1) : null;
      const report: Report = live ? (event) => live.report(event) : plainProgress(io.print);
      const outcome = await sweep({ ...options, ...given, argv: io.argv }, report, io.signal).catch(async (error: unknown) => {
        await live?.end(false);
        throw error;
      });
      await live?.end(true);
      const start = performance.now();
      await showReports(outcome.results, io);
      if (outcome.computed.length > 0) await keepRate(reportRate(outcome.computed.length + outcome.stored.length), (performance.now() - start) / 1000);
      for (const { name, reason, log } of outcome.failed) io.complain(`error: cell ${name} failed: ${reason}${logNote(log)}`);
      if (outcome.failed.length > 0) io.exit(exitCodes.failed);
    });
}
