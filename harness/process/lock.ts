import { withClaim } from "./claim.ts";
import { stopSignal } from "./interrupt.ts";
import type { Owner } from "./owner.ts";

/** Options of {@link withLock}. */
export interface LockOptions {
  /** Called once if another process holds the lock. */
  onWait?: ((owner: Owner | null) => void) | undefined;
  /** Ends the wait, the error thrown is its reason; {@link stopSignal} by default. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs `task` while this process alone holds the lock `file` (a claim by that name). Waits as long as another process holds it.
 *
 * @param task gets a signal that is aborted when the lock is lost or `signal` is aborted
 */
export async function withLock<T>(file: string, task: (signal: AbortSignal) => Promise<T>, { signal = stopSignal(), onWait }: LockOptions = {}): Promise<T> {
  return withClaim(file, task, { signal: signal ?? new AbortController().signal, onWait: (owner) => onWait?.(owner) });
}
