import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { projectRoot } from "../../harness/paths.ts";
import { which } from "../../harness/process/which.ts";

/** Why no Slurm can be started here; null when one can. */
export const noSlurm = ["munged", "slurmctld", "slurmd", "sbatch"].every((name) => which(name)) ? (process.getuid?.() === 0 ? null : "it wants root") : "slurm-wlm and munge are not installed";
if (noSlurm !== null) console.warn(`no Slurm is started here (${noSlurm}): tests of it are skipped`);

/** A real cluster of two nodes on this machine, each with one processor. */
export interface Cluster {
  /** Value of SLURM_CONF. */
  conf: string;
  /** Runs one of Slurm's commands. @returns what it printed */
  call(program: string, ...argv: string[]): Promise<string>;
  /** Ends one of its daemons: `slurmctld`, or that of a node. */
  end(daemon: string, signal: NodeJS.Signals): Promise<void>;
  start(daemon: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it. It ends with `stop`, or with this process, whatever becomes of that. */
export async function startSlurm(): Promise<Cluster> {
  const child = spawn(path.join(projectRoot, "scripts", "slurm-here.sh"), ["sh", "-c", 'echo "conf $SLURM_CONF"; exec cat'], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  let said = "";
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const conf = await new Promise<string>((resolve, reject) => {
    const hear = (text: Buffer): void => {
      said += text.toString();
      const [, found] = /^conf (.*)$/m.exec(said) ?? [];
      if (found) resolve(found);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("close", () => reject(new Error(`no cluster came up: ${said}`)));
  });
  const folder = path.dirname(conf);
  const env = { SLURM_CONF: conf };
  return {
    conf,
    call: async (program, ...argv) => (await execa(program, argv, { env })).stdout,
    async end(daemon, signal) {
      const processId = Number(await readFile(path.join(folder, "run", `${daemon}.pid`), "utf8"));
      process.kill(processId, signal);
      while (isThere(processId)) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    async start(daemon) {
      const [program, ...argv] = daemon === "slurmctld" ? ["slurmctld"] : ["slurmd", "-N", daemon];
      await execa(program!, argv, { env, stdio: "ignore", cwd: "/" });
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

function isThere(processId: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${processId}/status`, "utf8"));
  } catch {
    return false;
  }
}
