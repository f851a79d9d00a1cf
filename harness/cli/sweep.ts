import { type Command, Option } from "commander";
import { keptModels } from "../sweep/keepModels.ts";
import { growingPage } from "./growingPage.ts";
import { jsonLine } from "./jsonProgress.ts";
import { plainProgress } from "./plainProgress.ts";
import { logNote } from "../process/reason.ts";
import type { Report } from "../sweep/events.ts";
import { reportRate } from "../sweep/reportRate.ts";
import { keepRate } from "../store/rates.ts";
import type { SweepRequest } from "../sweep/request.ts";
import { sweep } from "../sweep/sweep.ts";
import { showDevices } from "./deviceList.ts";
import { type CommandIo, exitCodes } from "./io.ts";
import { namesHelp } from "./namesHelp.ts";
import { showPlan } from "./plan.ts";
import { showReports } from "./report.ts";
import { stallOption } from "./stallOption.ts";
import { addSlurmOptions, type SlurmOptions, withSlurm } from "./slurmOptions.ts";
import { requestOf, type SweepOptions, sweepOptions } from "./sweepOptions.ts";

/**
 * Adds `sweep`: run a study, and make everything that people read of it.
 *
 * @param given what no option can say: binaries other than the patched build
 */
export function addSweepCommand(program: Command, io: CommandIo, given: Pick<SweepRequest, "build">): void {
  addSlurmOptions(sweepOptions(program.command("sweep").description("run a study: quantize, count, compress and evaluate every cell that has no result yet")))
    .addHelpText("after", namesHelp)
    .option("--fail-fast", "stop at the first cell that fails")
    .addOption(new Option("--keep-models <which>", "quantized models that stay with the results, in models/: all, or of those measured the ones that no other beats in both size and quality").choices(keptModels).default("none"))
    .option("--json", "progress as lines of JSON (studies/progress.schema.json), in place of all else that is printed")
    .option("--dry-run", "say what would be done and what it would take, as npm run plan does, and do nothing")
    .addOption(stallOption())
    .addHelpText("after", "\nExit code: 0 done, 1 for usage, inputs and what ended everything, 3 when cells failed and the others were done.")
    .action(async ({ dryRun = false, json = false, ...asked }: SweepOptions & SlurmOptions & { dryRun?: boolean; json?: boolean }) => {
      if (asked.listDevices) return showDevices(asked, io);
      const options = withSlurm(requestOf(asked));
      if (dryRun) return showPlan({ ...options, ...given }, io, json);
      // Of a cluster's cells more run at a time than a terminal has lines.
      const live = process.stdout.isTTY && !json && !options.slurm ? (await import("./liveProgress.ts")).liveProgress((options.jobs ?? 1) * (options.devices?.length ?? 1)) : null;
      const shown: Report = live ? (event) => live.report(event) : json ? (event) => io.print(jsonLine(event)) : plainProgress(io.print);
      const page = growingPage();
      const report: Report = (event) => {
        shown(event);
        page.report(event);
      };
      const outcome = await sweep({ ...options, ...given, argv: io.argv }, report, io.signal).catch(async (error: unknown) => {
        await live?.end(false);
        throw error;
      }).finally(() => page.end());
      await live?.end(true);
      if (options.detach) return io.print(json ? jsonLine({ kind: "end", ...outcome, written: [] }) : `${outcome.stored.length} cells are stored, ${outcome.left.length} are the cluster's`);
      const start = performance.now();
      const written = await showReports(outcome.results, json ? { print: () => undefined } : io);
      if (outcome.computed.length > 0) await keepRate(reportRate(outcome.computed.length + outcome.stored.length), (performance.now() - start) / 1000);
      if (json) io.print(jsonLine({ kind: "end", ...outcome, written }));
      for (const { name, reason, log } of outcome.failed) io.complain(`error: cell ${name} failed: ${reason}${logNote(log)}`);
      if (outcome.left.length > 0) io.complain(`${outcome.left.length} cells were left, as one had failed: ${outcome.left.join(", ")}`);
      if (outcome.failed.length > 0) io.exit(exitCodes.cellFailed);
    });
}
