import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import lockfile from "proper-lockfile";
import { stopSignal } from "./interrupt.ts";

/** Options of {@link withLock}. */
export interface LockOptions {
  /** Called once if another process holds the lock. */
  onWait?: (() => void) | undefined;
  /** Ends the wait, the error thrown is its reason; {@link stopSignal} by default. */
  signal?: AbortSignal | undefined;
}

/** A lock that its holder has not renewed for so long was left by a crash. */
const staleMilliseconds = 20_000;

/**
 * Runs `task` while this process alone holds the lock `file` (a folder by that
 * name, made by proper-lockfile). Waits as long as another process holds it.
 *
 * @param task gets a signal that is aborted when the lock is lost or `signal` is aborted
 */
export async function withLock<T>(file: string, task: (signal: AbortSignal) => Promise<T>, options: LockOptions = {}): Promise<T> {
  const { signal = stopSignal(), onWait } = options;
  await mkdir(path.dirname(file), { recursive: true });
  const lost = new AbortController();
  const release = await acquire(file, lost, { signal, onWait });
  try {
    return await task(signal ? AbortSignal.any([signal, lost.signal]) : lost.signal);
  } finally {
    if (!lost.signal.aborted) await release();
  }
}

async function acquire(file: string, lost: AbortController, { onWait, signal }: LockOptions): Promise<() => Promise<void>> {
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await lockfile.lock(file, {
        realpath: false,
        lockfilePath: file,
        stale: staleMilliseconds,
        update: staleMilliseconds / 4,
        onCompromised: (error) => lost.abort(error),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw error;
    }
    if (attempt === 0) onWait?.();
    await wait(200, undefined, signal ? { signal } : {});
  }
}
