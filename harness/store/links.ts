import { readdir } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { resultsStore } from "./store.ts";

/**
 * Refuses a results folder of whose store a part is a link: what is written and removed there would be so elsewhere. The
 * results folder itself may be one.
 *
 * @throws UserError naming the link
 */
export async function refuseLinks(results: string): Promise<void> {
  const store = resultsStore(results);
  await refuseLinkIn(results, (name) => name === path.basename(store));
  for (const step of await refuseLinkIn(store)) await refuseLinkIn(path.join(store, step), (name) => name === "growing");
}

/** @returns names of the folders in it */
async function refuseLinkIn(folder: string, isOurs: (name: string) => boolean = () => true): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const link = entries.find((entry) => entry.isSymbolicLink() && isOurs(entry.name));
  if (link) throw new UserError(`${path.join(folder, link.name)} is a link: what it leads to could be overwritten; put the folder itself in its place, or give another folder with --out`);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
