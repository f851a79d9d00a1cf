import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { alignedTable } from "../alignedTable.ts";
import { type Cost, measurePlans, planCases } from "../bench/plan/measurePlan.ts";
import type { CommandIo } from "./io.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

/** Adds `bench plan`: how near plans come to what then happens. */
export function addBenchPlanCommand(bench: Command, io: CommandIo): void {
  bench
    .command("plan")
    .description("hold what npm run plan says of time, disk and memory against what then happens")
    .option("--only <pattern>", `studies: commas between, * for any text; of ${planCases.map(({ name }) => name).join(", ")}`)
    .option("--threads <n>", "threads of each program", wholeNumber(...limits.threads), availableParallelism())
    .action(async (request: { only?: string; threads: number }) => {
      const measured = await measurePlans(request, io.print, io.signal);
      const quantities: { of: keyof Cost; unit: string; scale: number }[] = [{ of: "seconds", unit: "s", scale: 1 }, { of: "disk", unit: "MB", scale: 1e-6 }, { of: "memory", unit: "MB", scale: 1e-6 }];
      const rows = measured.flatMap(({ name, planned, happened }) =>
        quantities.map(({ of, unit, scale }) => [name, of, ...[planned[of], happened[of]].map((value) => `${(scale * value).toFixed(1)} ${unit}`), `${(100 * (planned[of] / happened[of] - 1)).toFixed(0)} %`]));
      io.print(alignedTable([["study", "of", "planned", "happened", "difference"], ...rows], (column) => column > 1));
    });
}
