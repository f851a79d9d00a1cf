import { loadavg } from "node:os";
import path from "node:path";
import { askedBackend } from "../build/askedBackend.ts";
import { backends } from "../build/backends.ts";
import { ensureBuild, type Build, type Variant } from "../build/build.ts";
import { cacheFolder } from "../paths.ts";
import { selectByName } from "../select.ts";
import { withScratch } from "../scratch.ts";
import { findDevice, refuseDevice } from "../steps/devices.ts";
import { scratchFolder, thisProject } from "../upstream/project.ts";
import { measureModel } from "./measureModel.ts";
import { ratioOf } from "./ratios.ts";
import { deviceRows, rows } from "./rows.ts";
import { describeModel, ensureSourceModel, type SourceModel } from "./sourceModel.ts";
import type { BenchOutcome, BenchReport, BenchRequest } from "./types.ts";

/**
 * Measure the patched build against upstream's in one run, by turns; of a backend with devices, on one of them.
 *
 * Builds both if need be, and makes its own models: the F16 one stays in the cache, quantized ones are
 * deleted in the end, also of an end by `signal`.
 *
 * @param keep takes everything measured so far, after each round: hours may pass before the last is done
 * @throws UserError when `only` matches no row or a build fails; ProcessError and ParseError when a program
 *   does not do what it should; AbortError when `signal` fires
 */
export async function bench(
  request: BenchRequest,
  report: BenchReport,
  keep: (outcome: BenchOutcome) => Promise<void>,
  signal: AbortSignal,
): Promise<BenchOutcome> {
  const backend = askedBackend(request.backend);
  refuseDevice(backend, request.device);
  const wanted = selectByName(backends[backend].hasDevices ? deviceRows : rows, request.only, "row; there are");
  const load = loadavg()[0] ?? 0;
  const build = (variant: Variant): Promise<Build> => ensureBuild(variant, {
    backend,
    signal,
    report: (text, fraction) => report(`build: ${text}${fraction === undefined ? "" : ` ${Math.floor(100 * fraction)} %`}`),
  });
  const builds = { patched: await build("patched"), upstream: await build("upstream") };
  const device = await findDevice(builds.patched, request.device, signal);
  if (device) report(`on ${device.asked}: ${device.line}`);
  const outcome: BenchOutcome = { ratios: [], measurements: [], builds, device, load, models: [] };
  for (const source of sources(request, report, signal)) {
    const model = await source;
    outcome.models.push(model);
    const { ratios, measurements } = outcome;
    await withScratch(scratchFolder(thisProject()), "bench", (folder) =>
      measureModel(wanted, request.repeats, { builds, device, folder, model, threads: request.threads, signal }, report, async (measured) => {
        outcome.measurements = [...measurements, ...measured];
        outcome.ratios = [...ratios, ...wanted.map((row) => ratioOf(row, model.name, measured))];
        await keep(outcome);
      }),
    );
  }
  return outcome;
}

/** Models one by one, so that the second is written when the first is done. */
function* sources({ params, model }: BenchRequest, report: BenchReport, signal: AbortSignal): Generator<Promise<SourceModel>> {
  if (model !== undefined) yield describeModel(path.basename(model, ".gguf"), path.resolve(model));
  else for (const size of params) yield ensureSourceModel(cacheFolder(), size, signal, report);
}
