import PQueue from "p-queue";

/** Does tasks, `limit` at a time. After a fault none is begun, and it is thrown when those under way have ended. */
export async function inParallel(limit: number, tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = new PQueue({ concurrency: limit });
  const stopping = (task: () => Promise<void>) => () => task().catch((error: unknown) => {
    queue.clear();
    throw error;
  });
  try {
    await queue.addAll(tasks.map(stopping));
  } finally {
    await queue.onIdle();
  }
}
