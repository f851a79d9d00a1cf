import { mkdir, utimes } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { withLock } from "../../harness/process/lock.ts";
import { temporaryFolder } from "../support/temporary.ts";

const lock = async () => path.join(await temporaryFolder(), "locks", "a.lock");

describe("withLock", () => {
  it("lets one in at a time, and says that it waits", async () => {
    const file = await lock();
    const onWait = vi.fn();
    let inside = 0;
    let most = 0;
    const task = async () => {
      most = Math.max(most, ++inside);
      await wait(50);
      inside--;
    };
    await Promise.all([withLock(file, task, { onWait }), withLock(file, task, { onWait }), withLock(file, task, { onWait })]);
    expect(most).toBe(1);
    expect(onWait).toHaveBeenCalledTimes(2);
  });

  it("is free again after a failure", async () => {
    const file = await lock();
    await expect(withLock(file, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(await withLock(file, async () => "yes")).toBe("yes");
  });

  it("takes over a lock that a crash left", async () => {
    const file = await lock();
    await mkdir(file, { recursive: true });
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(file, longAgo, longAgo);
    expect(await withLock(file, async () => "yes")).toBe("yes");
  });

  it("stops waiting when aborted", async () => {
    const file = await lock();
    const abort = new AbortController();
    await withLock(file, async () => {
      const waiting = withLock(file, async () => "never", { signal: abort.signal, onWait: () => abort.abort() });
      await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    });
  });
});
