import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "vitest";
import { projectRoot } from "../../harness/paths.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { cacheOfWrapped } from "../support/wrappedBuild.ts";
import { faultRow } from "./row.ts";

const signals = [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const;
const targets = ["npm alone", "its group"] as const;

/** Programs in place of llama-perplexity that run for long, and say their process numbers. */
const children = {
  "that behaves": 'echo $$ >> "$PIDS"; exec sleep 300',
  "that ignores signals": 'trap "" INT TERM HUP; echo $$ >> "$PIDS"; exec sleep 300',
  "with a grandchild": 'sleep 300 & echo $! >> "$PIDS"; echo $$ >> "$PIDS"; wait',
};

const cases = signals.flatMap((signal) => targets.flatMap((target) => Object.entries(children).map(([child, script]) => ({ signal, target, child, script }))));

faultRow("a signal to npm alone, to its group", cases.length, async (index) => {
  const { signal: [name, code], target, child, script } = cases[index]!;
  const folder = await temporaryFolder();
  const [cache, study, numbers] = ["cache", "s.yaml", "numbers"].map((entry) => path.join(folder, entry)) as [string, string, string];
  await cacheOfWrapped(cache, { "llama-perplexity": script });
  await writeFile(study, "name: s\ncells:\n  - { name: a, type: Q4_0 }\n");
  await writeFile(numbers, "");
  const npm = spawn("npm", ["run", "sweep", "--", "--study", study, "--out", path.join(folder, "out"), "--chunks", "1"], {
    cwd: projectRoot,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, QUANTFLEX_CACHE: cache, PIDS: numbers },
  });
  let said = "";
  for (const stream of [npm.stdout, npm.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const ended = once(npm, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const programs = async (): Promise<number[]> => (await readFile(numbers, "utf8")).split("\n").filter(Boolean).map(Number);
  const all = child === "with a grandchild" ? 2 : 1;
  for (const end = performance.now() + 60_000; (await programs()).length < all; await wait(50)) {
    if (performance.now() > end || npm.exitCode !== null) throw new Error(`no program was started: ${said}`);
  }
  const watched = [npm.pid!, ...descendants(npm.pid!), ...(await programs())];
  expect(watched.length).toBeGreaterThanOrEqual(2 + all);
  process.kill(target === "npm alone" ? npm.pid! : -npm.pid!, name);
  const end = performance.now() + 60_000;
  while (watched.some(isRunning) && performance.now() < end) await wait(50);
  const left = watched.filter(isRunning);
  for (const processId of left) process.kill(processId, "SIGKILL");
  const [exitCode, by] = await ended;
  const what = `${name} to ${target}, a child ${child}`;
  expect(left, what).toEqual([]);
  expect(exitCode ?? (by === name ? code : by), `${what}: ${said}`).toBe(code);
});

/** A zombie has ended: whoever has adopted it may not have asked how. */
function isRunning(processId: number): boolean {
  const status = read(`/proc/${processId}/stat`);
  return status !== "" && !/^\d+ \(.*\) Z/s.test(status);
}

function descendants(processId: number): number[] {
  const own = read(`/proc/${processId}/task/${processId}/children`).trim().split(/\s+/).filter(Boolean).map(Number);
  return own.flatMap((child) => [child, ...descendants(child)]);
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
