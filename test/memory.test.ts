import { expect, it, vi } from "vitest";
import { memoryThere } from "../harness/memory.ts";
import { thisTarget } from "../harness/steps/target.ts";
import { paperTarget } from "./support/target.ts";

const mebibyte = 2 ** 20;
const ofMoments = async (): Promise<number> => (await thisTarget(paperTarget().build, 1, new AbortController().signal)).memory;

it("second moments take half of what a container may have, whatever its machine has free", async () => {
  vi.spyOn(process, "constrainedMemory").mockReturnValue(64 * mebibyte);
  expect(await ofMoments()).toBe(32 * mebibyte);
});

it.each([
  [{ SLURM_MEM_PER_NODE: "48" }, 48],
  [{ SLURM_MEM_PER_CPU: "16", SLURM_CPUS_ON_NODE: "4" }, 64],
  [{ SLURM_MEM_PER_GPU: "16", SLURM_GPUS_ON_NODE: "2" }, 32],
] as [Record<string, string>, number][])("a cluster's job has what %j says", async (environment, mebibytes) => {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  expect(memoryThere()).toBe(mebibytes * mebibyte);
  expect(await ofMoments()).toBe((mebibytes / 2) * mebibyte);
});

it("a job that may have all memory of its node has no limit", () => {
  vi.stubEnv("SLURM_MEM_PER_NODE", "0");
  expect(memoryThere(100, 0)).toBe(100);
});
