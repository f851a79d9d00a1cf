import type { Blocks } from "../analysis/blockSearch.ts";
import type { FitRequest } from "../study/types.ts";
import { inThread } from "../threads/inThread.ts";
import { type Fit, fitBlocks } from "./fitBlocks.ts";

/** What one table is fitted to, and how. */
interface FitTask {
  blocks: Blocks;
  request: Pick<FitRequest, "method" | "weights">;
  from: readonly (readonly number[])[] | undefined;
}

/** {@link fitBlocks} off the main thread. */
export function fitInThread(task: FitTask, signal: AbortSignal): Promise<Fit> {
  return inThread(import.meta.url, fitTask, task, signal);
}

/**
 * {@link fitBlocks} as the task for a thread.
 *
 * @public called there by its name
 */
export function fitTask({ blocks, request, from }: FitTask): Fit {
  return fitBlocks(blocks, request, from);
}
