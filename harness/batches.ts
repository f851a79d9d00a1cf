/** How many small files are read side by side. */
const atOnce = 16;

/** What `work`, which waits for files more than it computes, makes of each item, in their order. */
export async function inBatches<Item, Made>(items: readonly Item[], work: (item: Item) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (let start = 0; start < items.length; start += atOnce) made.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  return made;
}
