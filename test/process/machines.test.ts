import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { execa } from "execa";
import { describe, expect, it, onTestFinished } from "vitest";
import { thisPlace } from "../../harness/machine.ts";
import { machineOf } from "../../harness/machineId.ts";
import { projectRoot } from "../../harness/paths.ts";
import { withClaim } from "../../harness/process/claim.ts";
import { thisOwner } from "../../harness/process/owner.ts";
import { hasEnded, isLeftBy, processName, thisProcess } from "../../harness/processes.ts";
import { withScratch } from "../../harness/scratch.ts";
import { endedName } from "../support/endedName.ts";
import { temporaryFolder } from "../support/temporary.ts";

const days = (count: number): Date => new Date(Date.now() - 86_400_000 * count);

describe("a process", () => {
  const here = { host: "h", namespace: "a1", machine: "b2" };
  const mine = { ...here, process: process.pid, began: null };
  /** A number that no process has. */
  const free = 2 ** 30;

  it.each([
    ["of this machine that runs", false, mine],
    ["of this machine whose number is free", true, { ...mine, process: free }],
    ["of this machine whose number another has got", true, { ...mine, began: "another boot-7" }],
    ["of this machine before it was booted", true, { ...mine, namespace: "c3", process: process.pid }],
    ["of another machine of the same name", false, { ...mine, namespace: "c3", machine: "d4", process: free }],
    ["of a container of the same name", false, { ...mine, namespace: "c3", machine: null, process: free }],
    ["of the same name by an earlier version", false, { ...mine, namespace: null, machine: null, process: free }],
    ["of this machine under another name", true, { ...mine, host: "i", process: free }],
  ])("%s: has ended %s", (_kind, expected, known) => expect(hasEnded(known, here)).toBe(expected));

  it("tells machines that were copied by addresses that makers gave their network cards, or not at all", () => {
    const made = "00:1b:21:aa:bb:cc";
    expect(machineOf("h", "id", [made])).toMatch(/^[0-9a-f]{12}$/);
    expect(machineOf("h", "id", [made])).not.toBe(machineOf("h", "id", ["00:1b:21:aa:bb:cd"]));
    for (const cards of [[], ["52:54:00:12:34:56"], ["02:fc:00:00:00:01"], [""]]) expect(machineOf("h", "id", cards)).toBeNull();
    expect(machineOf("h", null, [made])).toBeNull();
  });

  it.each([["h", true], ["i", false]])("on a system that tells no more than host names, of host %s: has ended %s", (host, expected) => {
    expect(hasEnded({ host, namespace: null, machine: null, process: free, began: null }, { host: "h", namespace: null, machine: null })).toBe(expected);
  });

  it("knows by a name, and by what claims say, whether another runs", async () => {
    expect(await isLeftBy(processName(), "/nowhere")).toBe(false);
    expect(await isLeftBy(await endedName(), "/nowhere")).toBe(true);
    expect(hasEnded(thisProcess())).toBe(false);
    expect(hasEnded(thisOwner())).toBe(false);
    expect(thisOwner().host).toBe(os.hostname());
  });
});

/** A PID namespace of its own, as containers have: this host's name, but other process numbers. */
const namespace = ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"];
const { exitCode } = await execa("unshare", [...namespace, "true"], { reject: false });
if (exitCode !== 0) console.warn("no PID namespace can be made here: tests of them are skipped");

describe.skipIf(exitCode !== 0)("with a PID namespace of its own, a process of the same host name", () => {
  function holder(store: string, ...more: string[]): { child: ChildProcess; said(text: string): Promise<void> } {
    const child = spawn("unshare", [...namespace, process.execPath, "--import", "tsx", path.join("test", "process", "holder.ts"), store, ...more], { cwd: projectRoot, stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let printed = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (printed += text));
    return {
      child,
      async said(text) {
        while (!printed.includes(text)) await Promise.race([once(child.stdout!, "data"), once(child, "close").then(() => Promise.reject(new Error(printed)))]);
      },
    };
  }

  it("keeps its claim and its folder, until it has been silent", async () => {
    const store = await temporaryFolder();
    const { child, said } = holder(store);
    await said("holds");
    const folders = (): Promise<string[]> => readdir(path.join(store, "scratch"));
    const [held = ""] = await folders();
    const take = (more: Partial<Parameters<typeof withClaim>[2]>): Promise<string> => withClaim(path.join(store, "claims", "k"), async () => "taken", { signal: new AbortController().signal, onWait: () => undefined, ...more });
    const waits: unknown[] = [];
    await expect(take({ signal: AbortSignal.timeout(1000), onWait: (owner) => waits.push(owner) })).rejects.toThrow();
    expect(waits).toMatchObject([{ host: os.hostname(), process: expect.toSatisfy((number: number) => number < 10) as number }]);
    const own = await withScratch(path.join(store, "scratch"), "job", async () => folders());
    expect(own).toContain(held);
    child.kill("SIGKILL");
    await once(child, "close");
    expect(await take({ timing: { pulse: 50, silence: 1000 } })).toBe("taken");
    await withScratch(path.join(store, "scratch"), "job", async () => undefined);
    expect(await folders()).toEqual([held]);
    await utimes(path.join(store, "scratch", held), days(3), days(3));
    await withScratch(path.join(store, "scratch"), "job", async () => undefined);
    expect(await folders()).toEqual([]);
  });

  it("leaves alone what processes outside hold", async () => {
    const store = await temporaryFolder();
    await withScratch(path.join(store, "scratch"), "job", async (folder) => {
      await writeFile(path.join(folder, "model.gguf"), "x");
      await withClaim(path.join(store, "claims", "k"), async () => {
        const { child, said } = holder(store, "1500");
        await said(`waits for ${thisPlace().host} ${process.pid}`);
        await said("gives up");
        await once(child, "close");
      }, { signal: new AbortController().signal, onWait: () => undefined });
      expect(await readdir(folder)).toEqual(["model.gguf"]);
    });
  });
});

it("what has a name of an earlier version is left alone for two days", async () => {
  const parent = await temporaryFolder();
  const old = path.join(parent, `job-${os.hostname()}-7-0123456789ab-xyz`);
  await mkdir(old);
  await withScratch(parent, "job", async () => undefined);
  expect(await readdir(parent)).toEqual([path.basename(old)]);
  await utimes(old, days(3), days(3));
  await withScratch(parent, "job", async () => undefined);
  expect(await readdir(parent)).toEqual([]);
});
