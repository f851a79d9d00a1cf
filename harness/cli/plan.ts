import { type Command, Option } from "commander";
import { knownShapes } from "../gguf/llamaModel.ts";
import { forecast, type ForecastRequest } from "../sweep/forecast/forecast.ts";
import type { ShapeName } from "../sweep/shapedModel.ts";
import type { SweepRequest } from "../sweep/sweep.ts";
import { showDevices } from "./deviceList.ts";
import { forecastText } from "./forecastText.ts";
import { type CommandIo, exitCodes } from "./io.ts";
import { requestOf, type SweepOptions, sweepOptions } from "./sweepOptions.ts";

/** Adds `plan`: what a sweep with the same options would do, and what it would cost. */
export function addPlanCommand(program: Command, io: CommandIo, given: Pick<SweepRequest, "build">): void {
  sweepOptions(program.command("plan").description("say what a sweep would do, why, and what it would take of time, disk and memory; nothing is computed"))
    .option("--json", "the plan as JSON")
    .addOption(new Option("--shape <name>", "plan for a model in F16 of that shape, in place of a file; give --chunks with it: such a model has no words").choices(Object.keys(knownShapes)).conflicts("model"))
    .action(async ({ json = false, ...options }: SweepOptions & { json?: boolean; shape?: ShapeName }) => (options.listDevices ? showDevices(options, io) : showPlan({ ...requestOf(options), ...given }, io, json)));
}

/** Prints the plan of a sweep, and fails if it would be refused. */
export async function showPlan(request: ForecastRequest, io: CommandIo, json: boolean): Promise<void> {
  const found = await forecast(request, io.signal);
  io.print(json ? JSON.stringify(found, null, 1) : forecastText(found));
  if (found.refusal === null) return;
  io.complain(`error: ${found.refusal}`);
  io.exit(exitCodes.failed);
}
