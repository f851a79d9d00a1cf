import path from "node:path";
import { referenceHead } from "../steps/referenceFile.ts";
import { stepFolder } from "../store/store.ts";
import { storesOf } from "./ownSteps.ts";

/** How many chunks the predictions of that key have, with which cells are compared; null where they are not there. */
export async function referenceChunks(results: string, key: string): Promise<number | null> {
  for (const store of storesOf({ step: "reference" }, results)) {
    const head = await referenceHead(path.join(stepFolder(store, "reference", key), "reference")).catch(() => null);
    if (head) return head.chunks;
  }
  return null;
}
