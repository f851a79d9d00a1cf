import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Command } from "commander";
import { type Scheduler, slurmScheduler } from "../executors/slurm/scheduler.ts";
import { cancelSubmitted } from "../status/cluster.ts";
import { rates } from "../status/rates.ts";
import { refuseNoFolder, standingOf } from "../status/standing.ts";
import type { State, StudyStanding } from "../status/types.ts";
import type { CommandIo } from "./io.ts";
import { statusText } from "./statusText.ts";

/** Milliseconds between two looks of --watch, and between the two that tell how fast chunks come, where a batch comes meanwhile. */
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
    .option("--watch", "look again every ten seconds, and say how fast cells go, until nothing runs or is queued; Ctrl-C ends that, and nothing else")
    .option("--cancel", "cancel what this study's sweeps submitted to the cluster, and nothing else")
    .action(async ({ results, json = false, watch = false, cancel = false }: StatusOptions) => {
      const folder = path.resolve(results);
      await refuseNoFolder(folder);
      if (cancel) return cancelAll(folder, io);
      if (watch) return watchStudy(folder, io, (standing) => (json ? JSON.stringify(standing) : `${new Date().toLocaleTimeString("sv-SE")} ${statusText(standing)}\n`));
      const look = looker(folder, io);
      const first = await look();
      const isMoving = first.cells.some(({ chunks, state }) => state === "running" && chunks);
      if (isMoving) await wait(pauses.rate, undefined, { signal: io.signal });
      const standing = isMoving ? await look() : first;
      io.print(json ? JSON.stringify(standing, null, 1) : statusText(standing));
    });
}

/** Prints how a study stands again and again, as long as somebody is at it. */
async function watchStudy(folder: string, io: CommandIo, text: (standing: StudyStanding) => string): Promise<void> {
  const look = looker(folder, io);
  let isIdle = false;
  for (;;) {
    const standing = await look();
    io.print(text(standing));
    // Between two steps nobody is at work for a moment.
    const isOver = !isAny(standing, "running", "queued") && (isIdle || !isAny(standing, "waiting"));
    if (isOver) return;
    isIdle = !isAny(standing, "running", "queued");
    await wait(pauses.watch, undefined, { signal: io.signal });
  }
}

/** What looks at a study, and from its second look on tells how fast cells go. */
function looker(folder: string, io: CommandIo): () => Promise<StudyStanding> {
  const withRates = rates();
  return async () => withRates(await standingOf(folder, () => slurmOf(io)), performance.now());
}

function slurmOf({ signal, complain }: CommandIo): Scheduler {
  return slurmScheduler({ note: complain, signal });
}

function isAny({ cells }: StudyStanding, ...states: State[]): boolean {
  return cells.some(({ state }) => states.includes(state));
}

async function cancelAll(folder: string, io: CommandIo): Promise<void> {
  const ids = await cancelSubmitted(folder, () => slurmOf(io));
  io.print(ids.length === 0 ? "nothing of this study waits or runs on the cluster" : `cancelled: ${ids.join(", ")}; what was finished is kept, and npm run sweep goes on with it`);
}
