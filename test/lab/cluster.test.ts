import { expect, it, vi } from "vitest";
import { measureCluster } from "../../harness/bench/cluster/measureCluster.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("a grid on a simulated cluster, where jobs fail, vanish, come late or are put back and the controller is away: nothing is lost", async () => {
  vi.stubEnv("XDG_CONFIG_HOME", await temporaryFolder());
  const cells = 1200;
  const { sweeps } = await measureCluster({ cells, nodes: 200, speed: 10, folder: await temporaryFolder(), timing: { queue: 500, store: 100, patience: 3000 } }, () => undefined, new AbortController().signal);
  const [first, second] = sweeps;
  expect(sweeps).toHaveLength(2);
  expect(first!.failed).toBeGreaterThan(0);
  expect(first!.lost).toBeGreaterThan(0);
  expect(first!.computed + first!.failed + first!.lost).toBe(cells);
  // What was not stored is submitted again, and nothing else; of one that was given up for lost the record may have come since.
  expect(second).toMatchObject({ failed: 0, lost: 0 });
  expect(second!.stored + second!.computed).toBe(cells);
  expect(second!.stored).toBeGreaterThanOrEqual(first!.computed);
  expect(second!.stored).toBeLessThanOrEqual(first!.computed + first!.lost);
  expect(first!.submitSeconds).toBeLessThan(20);
});
