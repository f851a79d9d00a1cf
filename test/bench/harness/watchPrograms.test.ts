import { expect, it } from "vitest";
import { watchPrograms, type ProgramRun } from "../../../harness/bench/harness/watchPrograms.ts";
import { run } from "../../../harness/process/run.ts";

it.runIf(process.platform === "linux")("sees the programs that another process runs, and for how long", async () => {
  let stop = (): ProgramRun[] => [];
  const script = `
    const { execFile, execFileSync } = require("node:child_process");
    execFile("sleep", ["1.2"]);
    execFileSync("sleep", ["0.4"]);
    execFileSync("uname");
    execFileSync("sleep", ["0.4"]);`;
  const { seconds } = await run(process.execPath, ["-e", script], { onStart: (processId) => void (stop = watchPrograms(processId, (name) => name === "sleep")) });
  const runs = stop();
  expect(runs.map(({ program }) => program)).toEqual(["sleep", "sleep", "sleep"]);
  const [long, ...short] = runs.sort((left, right) => left.start - right.start).map(({ start, end }) => end - start).sort((left, right) => right - left);
  expect(long).toBeGreaterThan(1.1);
  for (const one of short) expect(one).toBeGreaterThan(0.35);
  expect(Math.max(...runs.map(({ end }) => end))).toBeLessThanOrEqual(seconds + 0.1);
});
