import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Command } from "commander";
import { type Scheduler, slurmScheduler } from "../executors/slurm/scheduler.ts";
import { cancelSubmitted } from "../status/cluster.ts";
import { type Look, withRates } from "../status/rates.ts";
import { standingOf } from "../status/standing.ts";
import type { StudyStanding } from "../status/types.ts";
import type { CommandIo } from "./io.ts";
import { statusText } from "./statusText.ts";

/** Milliseconds between two looks of --watch, and between the two that tell how fast chunks come. */
const pauses = { watch: 10_000, rate: 2_000 };

/** What the options give. */
interface StatusOptions {
  results: string;
  json?: boolean;
  watch?: boolean;
  cancel?: boolean;
}

/** Adds `status`: how a study stands, here or on a cluster. */
export function addStatusCommand(program: Command, io: CommandIo): void {
  program
    .command("status")
    .description("say of each cell of a study whether it is stored, runs (where, since when, how fast), is queued (why), failed or is lost")
    .requiredOption("--results <dir>", "results folder of a sweep")
    .option("--json", "every cell as JSON")
    .option("--watch", "look again every ten seconds, until nothing runs or is queued; Ctrl-C ends that, and nothing else")
    .option("--cancel", "cancel what this study's sweeps submitted to the cluster, and nothing else")
    .action(async ({ results, json = false, watch = false, cancel = false }: StatusOptions) => {
      const folder = path.resolve(results);
      const print = (standing: StudyStanding): void => io.print(json ? JSON.stringify(standing, null, watch ? 0 : 1) : statusText(standing));
      if (cancel) return cancelAll(folder, io);
      let before = await look(folder, io);
      if (watch) print(before.standing);
      while (isUnderWay(before.standing)) {
        if (!watch && !before.standing.cells.some(({ chunks, state }) => state === "running" && chunks)) break;
        await wait(watch ? pauses.watch : pauses.rate, undefined, { signal: io.signal });
        const now = await look(folder, io);
        const rated = withRates(before, now);
        if (!watch) return print(rated);
        print(rated);
        before = now;
      }
      if (!watch) print(before.standing);
    });
}

async function look(folder: string, io: CommandIo): Promise<Look> {
  return { standing: await standingOf(folder, () => slurmOf(io)), at: performance.now() };
}

function slurmOf({ signal, complain }: CommandIo): Scheduler {
  return slurmScheduler({ note: complain, signal });
}

function isUnderWay({ cells }: StudyStanding): boolean {
  return cells.some(({ state }) => state === "running" || state === "queued");
}

async function cancelAll(folder: string, io: CommandIo): Promise<void> {
  const ids = await cancelSubmitted(folder, () => slurmOf(io));
  io.print(ids.length === 0 ? "nothing of this study waits or runs on the cluster" : `cancelled: ${ids.join(", ")}; what was finished is kept, and npm run sweep goes on with it`);
}
