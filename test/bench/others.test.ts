import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { expect, it } from "vitest";
import { watchOthers } from "../../harness/bench/others.ts";
import { shareOfOthers } from "../../harness/bench/othersShare.ts";
import { run } from "../../harness/process/run.ts";

const processors = cpus().length;

/** Keeps each processor busy for a second, and says how many processor seconds it took. */
const spin = `
  const { Worker } = require("node:worker_threads");
  const loop = "const end = Date.now() + 1000; while (Date.now() < end);";
  for (let more = 1; more < ${processors}; more++) new Worker(loop, { eval: true });
  eval(loop);
  process.on("exit", () => { const { user, system } = process.cpuUsage(); console.log((user + system) / 1e6); });`;

it("is what was busy and not own", () => {
  expect(shareOfOthers({ passed: 200, busy: 120, own: 100 })).toBeCloseTo(0.1);
  // The clock is coarse: own time may be a tick ahead.
  expect(shareOfOthers({ passed: 200, busy: 99, own: 100 })).toBe(0);
  expect(shareOfOthers({ passed: 30, busy: 30, own: 0 })).toBeNull();
  expect(shareOfOthers({ passed: 0, busy: 0, own: 0 })).toBeNull();
});

it("is unknown of too short a time", () => {
  expect(watchOthers()()).toBeNull();
});

// Whatever else the machine does meanwhile is others' as well, so both bounds hold on a busy one.
it.runIf(process.platform === "linux")("is another process's time", { timeout: 60_000 }, async () => {
  const spinning = spawn(process.execPath, ["-e", "console.log(0); for (;;);"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    await once(spinning.stdout, "data");
    const stop = watchOthers();
    await run("sleep", ["1"]);
    expect(stop()).toBeGreaterThan(0.3 / processors);
  } finally {
    spinning.kill("SIGKILL");
    await once(spinning, "close");
  }
});

it.runIf(process.platform === "linux")("is not a child's, nor what its own children took", { timeout: 60_000 }, async () => {
  const stop = watchOthers();
  const start = performance.now();
  const { stdout } = await run("sh", ["-c", '"$0" -e "$1"; true', process.execPath, spin]);
  const passed = ((performance.now() - start) / 1000) * processors;
  const own = Number(stdout);
  expect(own).toBeGreaterThan(0.1);
  // Without its time taken off, all processors' would be others', however many want them.
  expect(stop()).toBeLessThan(1 - own / passed + 0.05);
});
