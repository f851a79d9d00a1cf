/** Does a task for each item, `limit` at a time. A fault ends it, when the tasks under way have ended. */
export async function inParallel<T>(items: readonly T[], limit: number, task: (item: T, index: number) => Promise<void>): Promise<void> {
  const open = items.entries();
  const faults: unknown[] = [];
  const work = async (): Promise<void> => {
    for (const [index, item] of open) {
      await task(item, index).catch((error: unknown) => faults.push(error));
      if (faults.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: limit }, work));
  if (faults.length > 0) throw faults[0];
}
