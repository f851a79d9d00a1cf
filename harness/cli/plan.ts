import { type Command, Option } from "commander";
import { knownShapes } from "../gguf/llamaModel.ts";
import { calibrateRates } from "../sweep/calibrateRates.ts";
import { forecast, type ForecastRequest } from "../sweep/forecast/forecast.ts";
import type { ShapeName } from "../sweep/shapedModel.ts";
import type { SweepRequest } from "../sweep/request.ts";
import { showDevices } from "./deviceList.ts";
import { forecastText } from "./forecastText.ts";
import { type CommandIo, exitCodes } from "./io.ts";
import { plainProgress } from "./plainProgress.ts";
import { requestOf, type SweepOptions, sweepOptions } from "./sweepOptions.ts";

/** Adds `plan`: what a sweep with the same options would do, and what it would cost. */
export function addPlanCommand(program: Command, io: CommandIo, given: Pick<SweepRequest, "build">): void {
  sweepOptions(program.command("plan").description("say what a sweep would do, why, and what it would take of time, disk and memory; nothing is computed"))
    .option("--json", "the plan as JSON")
    .addOption(new Option("--shape <name>", "plan for a model in F16 of that shape, in place of a file; give --chunks with it: such a model has no words").choices(Object.keys(knownShapes)).conflicts("model"))
    .option("--calibrate", "measure on a demo model what steps take whose time is not known on this machine, in about a minute; nothing else of it is kept")
    .action(async ({ json = false, calibrate = false, ...options }: SweepOptions & { json?: boolean; calibrate?: boolean; shape?: ShapeName }) => {
      if (options.listDevices) return showDevices(options, io);
      const request = { ...requestOf(options), ...given };
      if (calibrate) await calibrateFor(request, io);
      return showPlan(request, io, json);
    });
}

/** Standard output is the plan's. */
async function calibrateFor(request: ForecastRequest, { complain, signal }: CommandIo): Promise<void> {
  const { time: { unknown }, backend, devices } = await forecast(request, signal);
  if (unknown.length === 0) return complain("nothing is to be measured: the time of every step is known");
  complain(`measuring on prose-7m how long ${unknown.join(", ")} take on this machine`);
  await calibrateRates(unknown, { ...request, backend, devices }, plainProgress(complain), signal);
}

/** Prints the plan of a sweep, and fails if it would be refused. */
export async function showPlan(request: ForecastRequest, io: CommandIo, json: boolean): Promise<void> {
  const found = await forecast(request, io.signal);
  io.print(json ? JSON.stringify(found, null, 1) : forecastText(found));
  if (found.refusal === null) return;
  io.complain(`error: ${found.refusal}`);
  io.exit(exitCodes.failed);
}
