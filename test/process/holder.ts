/**
 * A program for machines.test.ts: holds a claim and a scratch folder, and says so. With a time in milliseconds it gives up
 * waiting for the claim then. Arguments: store, milliseconds.
 */
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { withClaim } from "../../harness/process/claim.ts";
import { withScratch } from "../../harness/scratch.ts";

const [store = "", patience] = process.argv.slice(2);
const signal = patience === undefined ? new AbortController().signal : AbortSignal.timeout(Number(patience));

await withScratch(path.join(store, "scratch"), "job", async () => {
  const hold = async (): Promise<void> => {
    console.log("holds");
    await wait(patience === undefined ? 600_000 : 0);
  };
  await withClaim(path.join(store, "claims", "k"), hold, { signal, onWait: (owner) => console.log(`waits for ${owner?.host} ${owner?.process}`) });
}).catch(() => console.log("gives up"));
