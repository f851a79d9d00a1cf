import { readdir, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";

const day = 86_400_000;

/** What a folder holds under a name: a file, or a folder with all that is in it. */
export interface Entry {
  name: string;
  bytes: number;
  /** When it was used last, in milliseconds: {@link markUsed}. */
  used: number;
}

/** What a folder holds; nothing when it is not there. */
export async function entriesOf(folder: string): Promise<Entry[]> {
  const names = await readdir(folder).catch(() => []);
  return (await Promise.all(names.map((name) => entryOf(folder, name)))).flat();
}

async function entryOf(folder: string, name: string): Promise<Entry[]> {
  const file = path.join(folder, name);
  const status = await stat(file).catch(() => null);
  if (status === null) return [];
  if (!status.isDirectory()) return [{ name, bytes: status.size, used: status.mtimeMs }];
  const within = await entriesOf(file);
  return [{ name, bytes: within.reduce((sum, { bytes }) => sum + bytes, 0), used: Math.max(status.mtimeMs, ...within.map(({ used }) => used)) }];
}

/**
 * Bounds a folder that would only grow: of what is more than so many bytes, that goes which was not used for longest.
 *
 * @param isNeeded names that stay, whatever they take
 */
export async function trimFolder(folder: string, most: number, isNeeded: (entry: Entry) => boolean = () => false): Promise<void> {
  const entries = await entriesOf(folder);
  const needed = entries.filter(isNeeded);
  const others = entries.filter((entry) => !needed.includes(entry)).sort((left, right) => right.used - left.used);
  let sum = needed.reduce((bytes, entry) => bytes + entry.bytes, 0);
  for (const { name, bytes } of others) if ((sum += bytes) > most) await rm(path.join(folder, name), { recursive: true, force: true }).catch(() => undefined);
}

/** Marks a file as used; not more often than once a day. Where that cannot be done it is not. */
export async function markUsed(file: string): Promise<void> {
  const used = await stat(file).then(({ mtimeMs }) => mtimeMs, () => Infinity);
  if (used < Date.now() - day) await utimes(file, new Date(), new Date()).catch(() => undefined);
}

/** Whether something was used so lately that somebody may be at it. */
export function isFresh({ used }: Entry): boolean {
  return used > Date.now() - 2 * day;
}
