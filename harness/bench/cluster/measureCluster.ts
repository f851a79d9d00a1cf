import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../../errors.ts";
import { slurmExecutor, type SlurmRequest } from "../../executors/slurm/slurm.ts";
import { quoted } from "../../executors/slurm/script.ts";
import { projectRoot } from "../../paths.ts";
import { run } from "../../process/run.ts";
import type { SweepEvent } from "../../sweep/events.ts";
import { runCells } from "../../sweep/runCells.ts";
import { gridOf } from "./grid.ts";
import { simulatedTarget } from "./simulatedTarget.ts";

/** A grid on a simulated cluster. */
export interface ClusterRequest {
  cells: number;
  nodes: number;
  /** For everything that is written. */
  folder: string;
  /** How many times faster than by the clock the cluster's time goes. */
  speed: number;
  timing?: NonNullable<SlurmRequest["timing"]>;
}

/** What following a grid to its end took. */
export interface ClusterMeasured {
  /** Of each sweep in turn, until nothing was missing; `memory` is the most that this process, which runs all of them, had so far, in bytes. */
  sweeps: { computed: number; failed: number; lost: number; stored: number; seconds: number; memory: number; submitSeconds: number; calls: Record<string, number> }[];
}

/**
 * Sends a grid to a cluster that is simulated, with nodes that fail, files that come late, jobs that are put back, and a controller
 * that is away for a while; and again what is missing, until all is stored.
 *
 * @throws UserError when something is still missing after ten sweeps
 */
export async function measureCluster({ cells, nodes, folder, speed, timing }: ClusterRequest, report: (line: string) => void, signal: AbortSignal): Promise<ClusterMeasured> {
  const results = path.join(folder, "results");
  const socket = path.join(folder, "socket");
  const commands = path.join(folder, "commands");
  await mkdir(commands, { recursive: true });
  for (const program of ["sbatch", "squeue", "scancel", "scontrol"]) {
    await writeFile(path.join(commands, program), `#!/bin/sh\nexec ${[process.execPath, path.join(import.meta.dirname, "client.mjs"), socket, program].map(quoted).join(" ")} "$@"\n`);
    await chmod(path.join(commands, program), 0o755);
  }
  const before = { PATH: process.env["PATH"], QUANTFLEX_CACHE: process.env["QUANTFLEX_CACHE"] };
  // What is stored means nothing to others.
  Object.assign(process.env, { PATH: `${commands}:${before.PATH}`, QUANTFLEX_CACHE: path.join(folder, "cache") });
  const daemon = spawn(process.execPath, ["--import", "tsx", path.join(import.meta.dirname, "daemon.ts"), socket, String(nodes), String(speed)], { cwd: projectRoot, stdio: ["pipe", "pipe", "inherit"] });
  try {
    await new Promise((resolve, reject) => daemon.stdout.once("data", resolve).once("close", () => reject(new Error("the simulated cluster did not start"))));
    return await followAll();
  } finally {
    for (const [name, value] of Object.entries(before)) if (value === undefined) delete process.env[name]; else process.env[name] = value;
    daemon.stdin.end();
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, "exit");
  }

  async function followAll(): Promise<ClusterMeasured> {
    const grid = await gridOf(cells, results, simulatedTarget());
    const executor = slurmExecutor({ study: "simulated", results, settings: {}, detach: false, needs: async (jobs) => jobs.map(() => ({ seconds: 600, bytes: 1e9 })), ...(timing && { timing }) });
    const sweeps: ClusterMeasured["sweeps"] = [];
    for (let known = await calls(); sweeps.length < 10; ) {
      const start = performance.now();
      let submitted = start;
      const hear = (event: SweepEvent): void => {
        if (event.kind !== "note") return;
        report(event.text);
        if (event.text.startsWith("submitted")) submitted = performance.now();
      };
      const ended = await runCells(grid, { results, failFast: false, again: new Set() }, executor, hear, signal);
      const now = await calls();
      const lost = ended.failed.filter(({ reason }) => reason.startsWith("lost")).length;
      sweeps.push({ computed: ended.computed.length, failed: ended.failed.length - lost, lost, stored: ended.stored.length, seconds: (performance.now() - start) / 1000, memory: process.resourceUsage().maxRSS * 1024, submitSeconds: (submitted - start) / 1000, calls: Object.fromEntries(Object.entries(now).map(([name, count]) => [name, count - (known[name] ?? 0)])) });
      known = now;
      if (ended.failed.length === 0) return { sweeps };
    }
    throw new UserError("after ten sweeps there are cells without a record still");
  }

  async function calls(): Promise<Record<string, number>> {
    const { stdout } = await run(process.execPath, [path.join(import.meta.dirname, "client.mjs"), socket, "calls"], { signal });
    return JSON.parse(stdout) as Record<string, number>;
  }
}
