import { readdir } from "node:fs/promises";
import path from "node:path";
import { inBatches } from "../batches.ts";
import { type Holder, readHolder } from "../process/claim.ts";
import { type Store, sharedStores } from "../store/store.ts";
import type { PlannedStep } from "./job.ts";

/** Folder of a store's claims. */
export function claimsFolder(store: Store): string {
  return path.join(store, "claims");
}

/** Name of the claim of a step. That of a part of its work begins with it. */
export function claimName({ key, growing }: Pick<PlannedStep, "key" | "growing">): string {
  return growing ?? key;
}

const nameLength = 64;

/** Who is at a step, or at parts of its work. */
export type HoldersOf = (planned: Pick<PlannedStep, "key" | "growing">) => readonly Holder[];

/** Looks at all claims of what a results folder needs, once. */
export async function readHolders(results: string): Promise<HoldersOf> {
  const found = new Map<string, Holder[]>();
  for (const store of sharedStores(results)) {
    const folder = claimsFolder(store);
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^[0-9a-f]{64}/.test(name));
    for (const [name, holder] of await inBatches(names, async (name) => [name.slice(0, nameLength), await readHolder(path.join(folder, name))] as const)) {
      if (holder) found.set(name, [...(found.get(name) ?? []), holder]);
    }
  }
  return (planned) => found.get(claimName(planned)) ?? [];
}
