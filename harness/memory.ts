import { availableParallelism, totalmem } from "node:os";

/**
 * Bytes of memory that this machine has, or the part of it that was given to this process: in a container, or by a cluster.
 * What of that is free is not told: a container's files in memory count as its own, although they would make room.
 *
 * @param limit of the container; 0 for none
 */
export function memoryThere(total = totalmem(), limit = process.constrainedMemory()): number {
  return Math.min(total, limit > 0 ? limit : Infinity, clusterMemory());
}

/** Bytes that a cluster's job was given on this node; infinite elsewhere, and where it may have all. */
function clusterMemory(): number {
  const said = (name: string): number => Number(process.env[name]) || 0;
  const mebibytes = said("SLURM_MEM_PER_NODE") || said("SLURM_MEM_PER_CPU") * (said("SLURM_CPUS_ON_NODE") || availableParallelism()) || said("SLURM_MEM_PER_GPU") * said("SLURM_GPUS_ON_NODE");
  return mebibytes > 0 ? mebibytes * 2 ** 20 : Infinity;
}
