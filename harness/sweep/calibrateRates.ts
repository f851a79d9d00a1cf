import { writeFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { hashText } from "../hash.ts";
import { scratchParent } from "../paths.ts";
import { withScratch } from "../scratch.ts";
import { thisMachine } from "../store/rates.ts";
import type { Report } from "./events.ts";
import type { Forecast } from "./forecast/forecast.ts";
import type { SweepRequest } from "./request.ts";
import { sweep } from "./sweep.ts";

/** Steps whose time can be measured. */
export const measurable: readonly string[] = ["build", "fit", "imatrix", "moments", "reference", "quantize", "count", "compress", "evaluate"];

/** Chunks that are evaluated at least: enough that starting a program is a small part of its time. */
const fewest = 12;

/** Another number on another machine that shares the cache: what was found there would be found again, and not measured. */
function chunksHere(): number {
  return fewest + (parseInt(hashText(thisMachine()).slice(0, 6), 16) % fewest);
}

/**
 * Measures how long steps take on this machine whose time is not known yet: on a demo model, by a study of its own, of which
 * nothing but these times is kept. Of what the asked study would find nothing is computed.
 *
 * @param unknown names of steps, as a forecast gives them; backend and devices likewise, of which the first is measured
 * @throws UserError when a step fails
 */
export async function calibrateRates(unknown: readonly string[], { backend, devices, threads, release, build, stallLimit }: Pick<Forecast, "backend" | "devices"> & Pick<SweepRequest, "threads" | "release" | "build" | "stallLimit">, report: Report, signal: AbortSignal): Promise<void> {
  const lacks = (...names: string[]): boolean => names.some((name) => unknown.includes(name));
  await withScratch(scratchParent(), "calibrate", async (folder) => {
    const [study, chunks] = [path.join(folder, "study.yaml"), chunksHere()];
    const cells = [
      { name: "plain", type: "IQ4_NL", ...(lacks("imatrix") && { imatrix: true }) },
      ...(lacks("moments") ? [{ name: "feedback", type: "Q4_0", feedback: true }] : []),
      ...(lacks("fit") ? [{ name: "fitted", type: "Q4_0", container: "packed", table: { fit: { weights: "imatrix" } }, encode: "nearest", scale: "search" }] : []),
    ];
    await writeFile(study, JSON.stringify({ name: "calibrate", model: "prose-7m", chunks, calibration: { text: "demo", chunks }, kl_divergence: lacks("reference"), cells }));
    const { failed } = await sweep({ study, out: path.join(folder, "out"), failFast: true, backend, devices: devices.slice(0, 1), ...(threads !== undefined && { threads }), ...(release !== undefined && { release }), ...(build && { build }), ...(stallLimit !== undefined && { stallLimit }) }, report, signal);
    if (failed[0]) throw new UserError(`times cannot be measured: ${failed[0].reason}`);
  });
}
