import path from "node:path";
import { withLock } from "../process/lock.ts";
import { storeFolder } from "./store.ts";

/**
 * Do work as the only writer of a results folder; waits while another sweep writes there.
 *
 * @param work gets a signal that fires when the lock is lost or `signal` fires
 * @param onWait called once if another sweep holds the folder
 */
export async function withStoreLock<T>(
  results: string,
  work: (signal: AbortSignal) => Promise<T>,
  { signal, onWait }: { signal: AbortSignal; onWait: () => void },
): Promise<T> {
  return withLock(path.join(storeFolder(results), "lock"), work, { signal, onWait });
}
