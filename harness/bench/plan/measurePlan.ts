import { existsSync } from "node:fs";
import { mkdir, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { stringify } from "yaml";
import { UserError } from "../../errors.ts";
import { cacheFolder, projectRoot } from "../../paths.ts";
import { run } from "../../process/run.ts";
import { selectByName } from "../../select.ts";
import { withScratch } from "../../scratch.ts";
import type { Forecast } from "../../sweep/forecast/forecast.ts";
import { scratchFolder, thisProject } from "../../upstream/project.ts";
import { writeStudy } from "../harness/storedStudy.ts";
import { isLlamaProgram } from "../harness/timedSweep.ts";
import { ensureSourceModel } from "../sourceModel.ts";
import type { BenchReport } from "../types.ts";
import { type Use, watchUse } from "./watchUse.ts";

/** What a sweep takes: seconds, and bytes on disk and in memory. */
export interface Cost extends Use {
  seconds: number;
}

/** A plan, and what then happened. */
export interface PlanMeasured {
  name: string;
  planned: Cost;
  happened: Cost;
}

/** Studies whose plans are measured; each gives a sweep's options. */
export const planCases: readonly { name: string; request(folder: string, report: BenchReport, signal: AbortSignal): Promise<{ study: string; model?: string }> }[] = [
  { name: "thesis", request: async () => ({ study: "thesis" }) },
  { name: "answers", request: async () => ({ study: "answers" }) },
  {
    name: "100m",
    async request(folder, report, signal) {
      const { file } = await ensureSourceModel(cacheFolder(), "100m", signal, report);
      const cells = [{ name: "q4_0", type: "Q4_0" }, { name: "iq4_nl", type: "IQ4_NL" }];
      return { study: await writeStudy(folder, "large", stringify({ name: "large", chunks: 16, cells })), model: file };
    },
  },
];

/**
 * Runs studies once to warm the caches, then plans each into a new folder, and holds the plan against what happens.
 *
 * @throws UserError on systems other than Linux; ProcessError when a sweep fails
 */
export async function measurePlans(request: { only?: string | undefined; threads: number }, report: BenchReport, signal: AbortSignal): Promise<PlanMeasured[]> {
  if (process.platform !== "linux") throw new UserError("what programs take is read from Linux's /proc: run this benchmark on Linux");
  const found: PlanMeasured[] = [];
  for (const { name, request: asked } of selectByName(planCases, request.only, "study; there are")) {
    await withScratch(scratchFolder(thisProject()), "plan", async (folder) => {
      const { study, model } = await asked(folder, report, signal);
      const cache = await cacheApart(folder);
      const options = ["--study", study, ...(model === undefined ? [] : ["--model", model]), "--threads", String(request.threads)];
      report(`${name}: warming up the caches`);
      const warm = path.join(folder, "warm");
      await watchedSweep([...options, "--out", warm], { out: warm, cache }, signal);
      await rm(warm, { recursive: true });
      const out = path.join(folder, "planned");
      const { stdout } = await run(process.execPath, ["--import", "tsx", path.join("scripts", "plan.ts"), ...options, "--out", out, "--json"], { cwd: projectRoot, env: { ...process.env, QUANTFLEX_CACHE: cache }, signal });
      const { time, disk, memory } = JSON.parse(stdout) as Forecast;
      report(`${name}: running what was planned`);
      const happened = await watchedSweep([...options, "--out", out], { out, cache }, signal);
      found.push({ name, planned: { seconds: time.seconds, disk: disk.peak, memory: memory?.bytes ?? 0 }, happened });
    });
  }
  return found;
}

/** A cache of its own that nobody else writes to, with what the other holds of sources and builds. */
async function cacheApart(folder: string): Promise<string> {
  const cache = path.join(folder, "cache");
  await mkdir(cache);
  for (const name of ["binaries", "builds", "sources", "bundles", "texts", "models"]) {
    const real = path.join(cacheFolder(), name);
    if (existsSync(real)) await symlink(real, path.join(cache, name));
  }
  return cache;
}

async function watchedSweep(options: readonly string[], { out, cache }: { out: string; cache: string }, signal: AbortSignal): Promise<Cost> {
  let stop = (): Use => ({ disk: 0, memory: 0 });
  try {
    const { seconds } = await run(process.execPath, ["--import", "tsx", path.join("scripts", "sweep.ts"), ...options], {
      cwd: projectRoot,
      env: { ...process.env, QUANTFLEX_CACHE: cache },
      // Its programs are in groups of their own, and it watches over them.
      stallSeconds: 0,
      signal,
      onStart: (processId) => void (stop = watchUse(processId, [out, path.join(cache, "store"), path.join(cache, "scratch")], isLlamaProgram)),
    });
    return { seconds, ...stop() };
  } finally {
    stop();
  }
}
