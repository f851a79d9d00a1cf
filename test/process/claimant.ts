/**
 * A program for claim.test.ts: works a while under a claim, if the work is not done yet.
 * Arguments: store, key, a folder for what it tells, milliseconds of work.
 */
import { appendFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { withClaim } from "../../harness/process/claim.ts";

const [store, key, folder, work] = process.argv.slice(2) as [string, string, string, string];
const tell = (word: string): Promise<void> => appendFile(path.join(folder, "told"), `${word} ${process.pid}\n`);
const record = path.join(folder, `record-${key}`);

await withClaim(path.join(store, "claims", key), async () => {
  await tell("enters");
  if (!(await stat(record).catch(() => null))) {
    await tell("works");
    await wait(Number(work));
    await writeFile(record, "");
  }
  await tell("leaves");
}, { signal: new AbortController().signal, onWait: () => void tell("waits") });
