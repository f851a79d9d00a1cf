import { expect, it } from "vitest";
import { watchMemory, type PeakMemory } from "../../harness/bench/memory.ts";
import { run } from "../../harness/process/run.ts";

it("sees the most memory that a process had, also after it gave it back", async () => {
  const megabytes = 200;
  const program = `{ let b = Buffer.alloc(${megabytes} << 20, 1); b = null; } gc(); setTimeout(() => {}, 500);`;
  const measure = async (code: string): Promise<PeakMemory> => {
    let stop = (): PeakMemory => ({ resident: 0, own: 0 });
    await run(process.execPath, ["--expose-gc", "-e", code], { onStart: (processId) => void (stop = watchMemory(processId)) });
    return stop();
  };
  const [small, large] = [await measure("setTimeout(() => {}, 500)"), await measure(program)];
  expect(small.own).toBeGreaterThan(1e6);
  expect(small.resident).toBeGreaterThanOrEqual(small.own);
  expect((large.resident - small.resident) / 2 ** 20).toBeGreaterThan(megabytes * 0.9);
  expect((large.resident - small.resident) / 2 ** 20).toBeLessThan(megabytes * 1.5);
});
