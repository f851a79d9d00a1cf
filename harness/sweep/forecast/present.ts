import { readdir } from "node:fs/promises";
import path from "node:path";
import { type Store, stepFolder } from "../../store/store.ts";

/** Whether a store has a folder for a step's key: a step that was never run has none, and nothing of it need be looked for. */
export type Present = (store: Store, step: string, key: string) => Promise<boolean>;

/** Reads each folder once. */
export function presentSteps(): Present {
  const known = new Map<string, Promise<Set<string>>>();
  return async (store, step, key) => {
    const folder = path.dirname(stepFolder(store, step, key));
    const names = known.get(folder) ?? readdir(folder).then((list) => new Set(list), () => new Set<string>());
    known.set(folder, names);
    return (await names).has(key);
  };
}
