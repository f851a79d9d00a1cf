import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Build } from "../../harness/build/build.ts";
import type { SweepEvent } from "../../harness/sweep/events.ts";
import type { SweepRequest } from "../../harness/sweep/request.ts";
import { sweep, type SweepResult } from "../../harness/sweep/sweep.ts";
import { type Forecast, forecast, type ForecastRequest } from "../../harness/sweep/forecast/forecast.ts";
import { readPlan } from "../../harness/store/plan.ts";
import { cacheStore, resultsStore, stepFolder } from "../../harness/store/store.ts";
import { type Behaviour, fakeBuild } from "./fakeBuild.ts";
import { smallModel } from "./smallModel.ts";
import { temporaryFolder } from "./temporary.ts";

/** A sweep of a small model with three cells, by fake programs in a folder of the test's own. */
export interface SweepLab {
  folder: string;
  /** The results folder. */
  out: string;
  events: SweepEvent[];
  /** With fake programs of this behaviour; null to leave those that there are. */
  run(request?: Partial<SweepRequest>, behaviour?: Behaviour | null, signal?: AbortSignal): Promise<SweepResult>;
  /** What a sweep by the same request would do; with null as its build before that is made. */
  plan(request?: Partial<Omit<ForecastRequest, "build">> & { build?: Build | null }): Promise<Forecast>;
  /** Arguments of every call of a fake program so far, those of llama-quantize first. */
  calls(): Promise<string[]>;
}

/** The cells, as a study has them. */
export const labCells = "  - { name: f16, type: F16 }\n  - { name: a, type: IQ4_NL }\n  - { name: b, type: Q4_1 }\n";

/**
 * Makes the lab; nothing is run yet.
 *
 * @param given folder, in place of one of the test's own
 */
export async function makeLab(given?: string): Promise<SweepLab> {
  const folder = given ?? (await temporaryFolder());
  const [study, text, out, bin] = ["s.yaml", "text.txt", "out with space", "bin"].map((name) => path.join(folder, name)) as [string, string, string, string];
  await writeFile(study, `name: s\ncontext: 8\nbatch: 8\ncells:\n${labCells}`);
  await writeFile(text, "Some words that are long enough for two contexts.\n");
  const events: SweepEvent[] = [];
  return {
    folder, out, events,
    async run(request = {}, behaviour = {}, signal = new AbortController().signal) {
      const build = behaviour && (await fakeBuild(bin, behaviour));
      return sweep({ study, model: await smallModel(), text, out, threads: 1, ...(build && { build }), ...request }, (event) => events.push(event), signal);
    },
    async plan({ build: given, ...request } = {}) {
      const build = given === undefined ? await fakeBuild(bin) : given;
      return forecast({ study, model: await smallModel(), text, out, threads: 1, ...(build && { build }), ...request }, new AbortController().signal);
    },
    async calls() {
      const both = await Promise.all(["llama-quantize", "llama-perplexity"].map((name) => readFile(path.join(bin, `${name}.calls`), "utf8").catch(() => "")));
      return both.join("").split("\n").filter(Boolean);
    },
  };
}

/** Folder of a cell's step in the store. */
export async function folderOf(lab: SweepLab, name: string, step = "evaluate"): Promise<string> {
  const steps = (await readPlan(lab.out))?.cells.find(({ cell }) => cell.name === name)?.steps;
  return stepFolder(resultsStore(lab.out), step, steps?.find((one) => one.step === step)?.key ?? "");
}

/** What is left of cells that are not finished. */
export async function leftOvers(lab: SweepLab): Promise<string[]> {
  const folders = [path.join(process.env["QUANTFLEX_CACHE"]!, "scratch"), path.join(cacheStore(), "claims"), path.join(resultsStore(lab.out), "claims")];
  return (await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])))).flat();
}
