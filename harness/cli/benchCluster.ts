import { rmSync } from "node:fs";
import type { Command } from "commander";
import prettyBytes from "pretty-bytes";
import { alignedTable } from "../alignedTable.ts";
import { measureCluster } from "../bench/cluster/measureCluster.ts";
import { withScratch } from "../scratch.ts";
import { scratchFolder, thisProject } from "../upstream/project.ts";
import type { CommandIo } from "./io.ts";
import { wholeNumber } from "./wholeNumber.ts";

/** Adds `bench cluster`: what the harness takes to follow a large grid on a cluster. */
export function addBenchClusterCommand(bench: Command, io: CommandIo): void {
  bench
    .command("cluster")
    .description("send a grid to a Slurm cluster that is simulated, faults included, and measure what that takes of the harness")
    .option("--cells <n>", "cells of the grid", wholeNumber(1, 100_000), 20_000)
    .option("--nodes <n>", "nodes of the cluster", wholeNumber(1, 100_000), 1000)
    .action(async (request: { cells: number; nodes: number }) => {
      const { sweeps } = await withScratch(scratchFolder(thisProject()), "cluster", (folder) => measureCluster({ ...request, speed: 1, folder }, io.print, io.signal).finally(() => removeOneByOne(folder)));
      const heading = ["sweep", "stored before", "computed", "failed", "lost", "seconds", "until submitted", "memory so far", "sbatch", "squeue", "scontrol", "scancel"];
      const rows = sweeps.map(({ stored, computed, failed, lost, seconds, memory, submitSeconds, calls }, index) =>
        [String(index + 1), ...[stored, computed, failed, lost].map(String), seconds.toFixed(1), submitSeconds.toFixed(1), prettyBytes(memory), ...["sbatch", "squeue", "scontrol", "scancel"].map((name) => String(calls[name] ?? 0))]);
      io.print(alignedTable([heading, ...rows], () => true));
    });
}

/** Asked for without waiting, Node.js has all of the tens of thousands of folders in hand at once, in twice the memory that the sweeps took. */
function removeOneByOne(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Who made the folder removes what is left.
  }
}
