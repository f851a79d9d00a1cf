import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { type ClaimOptions, withClaim, withFreeClaim } from "../../harness/process/claim.ts";
import { type Owner, thisOwner } from "../../harness/process/owner.ts";
import { projectRoot } from "../../harness/paths.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Of a store whose machines speak often. */
const quick = { pulse: 50, silence: 1000 };
const key = "k";

function options(more: Partial<ClaimOptions> = {}): ClaimOptions {
  return { signal: new AbortController().signal, onWait: () => undefined, ...more };
}

/** A process that works under a claim. */
function startClaimant(store: string, milliseconds: number, claimed = key): ChildProcess {
  const child = spawn(process.execPath, ["--import", "tsx", path.join("test", "process", "claimant.ts"), store, claimed, store, String(milliseconds)], { cwd: projectRoot, stdio: ["ignore", "ignore", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function told(store: string): Promise<string[]> {
  return (await readFile(path.join(store, "told"), "utf8").catch(() => "")).split("\n").filter(Boolean);
}

const claims = (store: string): Promise<string[]> => readdir(path.join(store, "claims"));

/** A claim as another process would hold it. @returns its owner file */
async function plantClaim(store: string, owner: Partial<Owner>): Promise<string> {
  const folder = path.join(store, "claims", key);
  const file = path.join(folder, "owner.json");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(file, JSON.stringify({ ...thisOwner(), ...owner, token: "another" }));
  return file;
}

/** Takes a claim, and gives it back. */
async function secondsUntilTaken(store: string, more: Partial<ClaimOptions> = {}): Promise<number> {
  const start = performance.now();
  return withClaim(path.join(store, "claims", key), async () => (performance.now() - start) / 1000, options(more));
}

it("processes do each piece of work once, one after another", async () => {
  const store = await temporaryFolder();
  const children = ["a", "a", "a", "b", "b"].map((name) => startClaimant(store, 100, name));
  const codes = await Promise.all(children.map(async (child) => ((await once(child, "close")) as [number])[0]));
  expect(codes).toEqual([0, 0, 0, 0, 0]);
  const lines = await told(store);
  expect(lines.filter((line) => line.startsWith("works"))).toHaveLength(2);
  for (const group of [children.slice(0, 3), children.slice(3)]) {
    const ids = new Set(group.map(({ pid }) => String(pid)));
    const inside = lines.map((line) => line.split(" ") as [string, string]).filter(([word, id]) => ids.has(id) && (word === "enters" || word === "leaves"));
    expect(inside).toHaveLength(2 * group.length);
    for (let index = 0; index < inside.length; index += 2) expect(inside[index + 1]).toEqual(["leaves", inside[index]![1]]);
  }
  expect(await claims(store)).toEqual([]);
});

it("a process of this machine that was killed loses its claim at once", async () => {
  const store = await temporaryFolder();
  const child = startClaimant(store, 600_000);
  while (!(await told(store)).some((line) => line.startsWith("works"))) await wait(20);
  const waits: (Owner | null)[] = [];
  const taking = secondsUntilTaken(store, { onWait: (owner) => waits.push(owner) });
  await wait(500);
  expect(waits).toMatchObject([{ host: os.hostname(), process: child.pid }]);
  child.kill("SIGKILL");
  await once(child, "close");
  const killed = performance.now();
  await taking;
  expect(performance.now() - killed).toBeLessThan(30_000);
  expect(await claims(store)).toEqual([]);
});

it("a process of another host that says that it lives keeps its claim, by whatever clock, and loses it after its silence", async () => {
  const store = await temporaryFolder();
  // A process by that number may well be here, or not: it says nothing about another host's.
  const file = await plantClaim(store, { host: "another-host", namespace: "another", machine: null, process: 1, began: "long ago" });
  let other = new Date(2001, 1, 1).getTime();
  const pulse = setInterval(() => void utimes(file, new Date(other), new Date((other += 7000))), quick.pulse);
  onTestFinished(() => clearInterval(pulse));
  let taken = 0;
  const taking = secondsUntilTaken(store, { timing: quick }).then(() => (taken = performance.now()));
  await wait(3 * quick.silence);
  expect(taken).toBe(0);
  clearInterval(pulse);
  const silent = performance.now();
  await taking;
  expect(taken - silent).toBeGreaterThan(0.7 * quick.silence);
  expect(await claims(store)).toEqual([]);
});

it("a claim without an owner that can be read is taken after its silence", async () => {
  const store = await temporaryFolder();
  await writeFile(await plantClaim(store, {}), "{ not whole");
  expect(await secondsUntilTaken(store, { timing: quick })).toBeGreaterThan(0.9 * quick.silence / 1000);
});

it("a claim that nobody holds, but which cannot be taken, ends the wait", async () => {
  const store = await temporaryFolder();
  const folder = path.join(store, "claims", key);
  await mkdir(folder, { recursive: true });
  await symlink("nowhere", path.join(folder, "owner.json"));
  await expect(secondsUntilTaken(store, { timing: quick })).rejects.toThrow(/claim .*claims\/k has no owner that can be read.* remove it/);
});

it("a store that is taken away ends the wait, and the work", async () => {
  const store = await temporaryFolder();
  await plantClaim(store, {});
  const waiting = secondsUntilTaken(store, { onWait: () => void rm(store, { recursive: true }) });
  await expect(waiting).rejects.toThrow(/claims was moved or removed while this process worked there/);
  const working = withClaim(path.join(store, "claims", key), async (held) => {
    await rm(store, { recursive: true });
    await wait(60_000, undefined, { signal: held });
  }, options({ timing: quick }));
  await expect(working).rejects.toThrow(/claim .* was taken by another process, .* or was removed/);
});

it("an owner that lives on this machine keeps its claim; one whose number another process has got since has ended", async () => {
  const store = await temporaryFolder();
  await plantClaim(store, {});
  const stop = new AbortController();
  const waiting = secondsUntilTaken(store, { signal: stop.signal });
  await wait(600);
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
  expect(await claims(store)).toEqual([key]);
  await plantClaim(store, { began: "another-boot-1" });
  expect(await secondsUntilTaken(store)).toBeLessThan(30);
});

it("what takes a moment is done where nobody is at the work, and not at all where somebody is, or died at it", async () => {
  const store = await temporaryFolder();
  const folder = path.join(store, "claims", key);
  const inMoment = (): Promise<string[] | null> => withFreeClaim(folder, async () => claims(store), new AbortController().signal);
  expect(await inMoment()).toEqual([key]);
  expect(await claims(store)).toEqual([]);
  for (const owner of [{}, { began: "another-boot-1" }]) {
    const file = await plantClaim(store, owner);
    expect(await inMoment()).toBeNull();
    expect(await readFile(file, "utf8")).toContain("another");
    expect(await claims(store)).toEqual([key]);
  }
  // Somebody else looks for a moment as well.
  await plantClaim(store, {});
  const [found] = await Promise.all([inMoment(), wait(500).then(() => rm(folder, { recursive: true }))]);
  expect(found).toEqual([key]);
});

it("work whose claim was lost is stopped, told why, and leaves the new owner's claim alone", async () => {
  const store = await temporaryFolder();
  const working = withClaim(path.join(store, "claims", key), async (held) => {
    await plantClaim(store, { host: "another-host", namespace: "another" });
    await wait(60_000, undefined, { signal: held });
  }, options({ timing: quick }));
  await expect(working).rejects.toThrow(/claim .* was taken by another process/);
  expect(await claims(store)).toEqual([key]);
  expect(await readFile(path.join(store, "claims", key, "owner.json"), "utf8")).toContain("another-host");
});

it("nothing is left of a claim when the work succeeds, fails, or is stopped, before it began or within", async () => {
  const store = await temporaryFolder();
  expect(await withClaim(path.join(store, "claims", key), async () => (await claims(store)).length, options())).toBe(1);
  expect(await claims(store)).toEqual([]);

  await expect(withClaim(path.join(store, "claims", key), () => Promise.reject(new Error("no")), options())).rejects.toThrow("no");
  expect(await claims(store)).toEqual([]);

  const within = new AbortController();
  const stopped = withClaim(path.join(store, "claims", key), async (held) => {
    within.abort();
    await wait(60_000, undefined, { signal: held });
  }, options({ signal: within.signal }));
  await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
  expect(await claims(store)).toEqual([]);

  const before = new AbortController();
  before.abort();
  await expect(withClaim(path.join(store, "claims", key), async () => "never", options({ signal: before.signal }))).rejects.toMatchObject({ name: "AbortError" });
  expect(await claims(store)).toEqual([]);
});
