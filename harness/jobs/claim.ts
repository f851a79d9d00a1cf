import { readFile, rename, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { UserError } from "../errors.ts";
import { withLock } from "../process/lock.ts";
import { withScratch } from "../scratch.ts";
import type { Store } from "../store/store.ts";
import { hasEnded, type Owner, ownerSchema, thisOwner } from "./owner.ts";

/** How often a holder says that it lives, and after how long a silence it is taken for dead, in milliseconds. */
export interface Timing {
  pulse: number;
  silence: number;
}

const usualTiming: Timing = { pulse: 5_000, silence: 60_000 };

const ownerFile = "owner.json";

/** Options of {@link withClaim}. */
export interface ClaimOptions {
  signal: AbortSignal;
  /** Called once if another holds the claim, with who. */
  onWait(owner: Owner | null): void;
  /** The same for all that share the store: a pulse every 5 s and a silence of a minute by default. */
  timing?: Timing;
}

/**
 * Do work as the only one who does it, on all machines that share the store: `store/claims/KEY` is a folder that tells
 * who holds it and since when it is alive. Waits while another holds it; a claim whose owner has ended is taken over, at
 * once on its own host, elsewhere when it has been silent for a minute by this host's own clock.
 *
 * @param work gets a signal that fires when the claim is lost or `signal` fires
 * @throws UserError when the claim was lost and the work ended for that; else what `work` throws
 */
export async function withClaim<T>(store: Store, key: string, work: (held: AbortSignal) => Promise<T>, options: ClaimOptions): Promise<T> {
  const { signal, timing = usualTiming } = options;
  const folder = path.join(store, "claims", key);
  const token = await acquire(folder, { ...options, timing });
  const lost = new AbortController();
  const timer = setInterval(() => void renew(folder, token).catch((error: Error) => lost.abort(error)), timing.pulse);
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    clearInterval(timer);
    await discard(folder, token);
  }
}

async function acquire(folder: string, { signal, onWait, timing }: Required<ClaimOptions>): Promise<string> {
  return withScratch(path.dirname(folder), "new", async (prepared) => {
    const token = JSON.stringify({ ...(await thisOwner()), token: path.basename(prepared) });
    await writeFile(path.join(prepared, ownerFile), token);
    let seen = "";
    let since = performance.now();
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      if (await takes(prepared, folder)) return token;
      const holder = await readOwner(folder);
      if (attempt === 0) onWait(holder?.owner ?? null);
      const pulseNow = holder?.pulse ?? "";
      if (pulseNow !== seen) since = performance.now();
      seen = pulseNow;
      const ended = performance.now() - since > timing.silence || (holder?.owner && (await hasEnded(holder.owner)));
      if (ended) await clear(folder, holder, signal);
      else await wait(200, undefined, { signal });
    }
  });
}

/** A folder with something in it is not replaced by a rename: whoever comes first has the claim, owner and all. */
async function takes(prepared: string, folder: string): Promise<boolean> {
  try {
    await rename(prepared, folder);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

interface Holder {
  owner: Owner | null;
  text: string;
  /** Changes with each sign of life. */
  pulse: string;
}

async function readOwner(folder: string): Promise<Holder | null> {
  const file = path.join(folder, ownerFile);
  try {
    const [text, { mtimeMs }] = [await readFile(file, "utf8"), await stat(file)];
    const parsed = ownerSchema.extend({ token: ownerSchema.shape.host }).safeParse(parsedJson(text));
    return { owner: parsed.data ?? null, text, pulse: `${text} ${mtimeMs}` };
  } catch {
    return null;
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** One at a time, and only if it is still the dead one's: else somebody's new claim would be removed. */
async function clear(folder: string, dead: Holder | null, signal: AbortSignal): Promise<void> {
  await withLock(`${folder}.clearing`, () => discard(folder, dead?.text), { signal });
}

/**
 * Takes a claim away if it is still the one of that text. It is moved away first: a folder that is being emptied could be
 * replaced by the next owner's, which would be emptied with it.
 */
async function discard(folder: string, text: string | undefined): Promise<void> {
  if ((await readOwner(folder))?.text !== text) return;
  await withScratch(path.dirname(folder), "old", async (old) => {
    await rename(folder, path.join(old, "claim")).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  });
}

/** @throws UserError when it is another's; a file system that does not answer for once takes no claim away */
async function renew(folder: string, token: string): Promise<void> {
  const file = path.join(folder, ownerFile);
  const now = new Date();
  try {
    if ((await readFile(file, "utf8")) === token) return await utimes(file, now, now);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") return;
  }
  throw new UserError(`the claim ${folder} was taken by another process: this one had been silent for a minute`);
}
