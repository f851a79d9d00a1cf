import { readdir, readFile, rename, rm, rmdir, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { UserError } from "../errors.ts";
import { withScratch } from "../scratch.ts";
import { hasEnded } from "../processes.ts";
import { writeOwn } from "../writeAtomic.ts";
import { type Owner, ownerSchema, thisOwner } from "./owner.ts";

/** How often a holder says that it lives, and after how long a silence it is taken for dead, in milliseconds. */
export interface Timing {
  pulse: number;
  silence: number;
}

const usualTiming: Timing = { pulse: 5_000, silence: 60_000 };

/** Options of {@link withClaim}. */
export interface ClaimOptions {
  signal: AbortSignal;
  /** Called once if another holds the claim, with who. */
  onWait(owner: Owner | null): void;
  /** The same for all that share the folder: a pulse every 5 s and a silence of a minute by default. */
  timing?: Timing;
}

/**
 * Do work as the only one who does it, on all machines that see the claim: a folder with one file, whose name is the
 * holder's alone, and which tells who that is and since when it is alive. Waits while another holds it; a claim whose owner
 * has ended is taken over, at once on its own machine, elsewhere when it has been silent for a minute by this one's own clock.
 *
 * A claim is taken by renaming a folder into its place, and given back or taken away by removing the file: neither can
 * happen to another's claim, whoever else does the same at that moment.
 *
 * @param work gets a signal that fires when the claim is lost or `signal` fires
 * @throws UserError when the claim was lost and the work ended for that; when the folder that it lies in is taken away while
 *   another is waited for; when it cannot be taken although nobody holds it. Else what `work` throws
 */
export async function withClaim<T>(folder: string, work: (held: AbortSignal) => Promise<T>, options: ClaimOptions): Promise<T> {
  const { signal, timing = usualTiming } = options;
  const file = await acquire(folder, { ...options, timing });
  const lost = new AbortController();
  const timer = setInterval(() => void renew(file).catch((error: Error) => lost.abort(error)), timing.pulse);
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } catch (error) {
    throw lost.signal.aborted ? lost.signal.reason : error;
  } finally {
    clearInterval(timer);
    await giveBack(file);
  }
}

/** How often, in milliseconds, and how many times a claim is tried that may be held for a moment alone. */
const moments = { pause: 200, tries: 10 };

/**
 * The same for what takes a moment, where nobody is at the work: another's claim is neither waited for nor taken away.
 *
 * @returns null where another has it for longer than two seconds, or had it when it died
 */
export async function withFreeClaim<T>(folder: string, work: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
  const file = await withOwnFile(folder, async (prepared, held) => {
    for (let tries = 0; tries < moments.tries; tries++) {
      if (await takes(prepared, folder)) return held;
      await wait(moments.pause, undefined, { signal });
    }
    return null;
  });
  if (file === null) return null;
  try {
    return await work();
  } finally {
    await giveBack(file);
  }
}

/** Removes claims of steps whose owners are known to have ended: of what was stored just before nobody would take them over. Those of parts say that somebody was at them. */
export async function removeEndedClaims(parent: string): Promise<void> {
  for (const name of (await readdir(parent).catch(() => [])).filter((one) => /^[0-9a-f]{64}$/.test(one))) {
    const holder = await readHolder(path.join(parent, name));
    if (holder?.owner && hasEnded(holder.owner)) await giveBack(holder.file);
  }
}

async function giveBack(file: string): Promise<void> {
  await rm(file, { force: true });
  // It is another's already when it is not empty.
  await rmdir(path.dirname(file)).catch(() => undefined);
}

/** Makes the folder that is to take a claim's place. @param task gets that, and the path that this process's file in it has then */
async function withOwnFile<T>(folder: string, task: (prepared: string, held: string) => Promise<T>): Promise<T> {
  return withScratch(path.dirname(folder), "new", async (prepared) => {
    const name = `${path.basename(prepared)}.json`;
    await writeOwn(path.join(prepared, name), JSON.stringify(thisOwner()));
    return task(prepared, path.join(folder, name));
  });
}

/** @returns the file that holds the claim */
async function acquire(folder: string, { signal, onWait, timing }: Required<ClaimOptions>): Promise<string> {
  return withOwnFile(folder, async (prepared, held) => {
    let seen = "";
    let since = performance.now();
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      if (await takes(prepared, folder)) return held;
      const holder = await readHolder(folder);
      if (attempt === 0) onWait(holder?.owner ?? null);
      const pulseNow = holder?.pulse ?? "";
      if (pulseNow !== seen) since = performance.now();
      seen = pulseNow;
      const isSilent = performance.now() - since > timing.silence;
      if (isSilent && !holder) throw new UserError(`the claim ${folder} has no owner that can be read, and cannot be taken; if no quantflex is at work there, remove it`);
      if (holder && (isSilent || (holder.owner && hasEnded(holder.owner)))) await rm(holder.file, { force: true });
      else await wait(200, undefined, { signal });
    }
  });
}

/**
 * A folder with something in it is not replaced by a rename: whoever comes first has the claim, owner and all.
 *
 * @throws UserError when what was prepared beside it is gone
 */
async function takes(prepared: string, folder: string): Promise<boolean> {
  try {
    await rename(prepared, folder);
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOTEMPTY", "EEXIST"].includes(code)) return false;
    if (code === "ENOENT") throw new UserError(`${path.dirname(folder)} was moved or removed while this process worked there; put it back, or run the command again`);
    throw error;
  }
}

/** Who holds a claim, as others see it. */
export interface Holder {
  file: string;
  /** Null when that cannot be read. */
  owner: Owner | null;
  /** Changes with each sign of life. */
  pulse: string;
  /** When it was taken, and the last sign of life, by the clocks of the file system and of its owner. */
  since: Date;
  seen: Date;
}

/** Who holds a claim; null when nobody does, or that cannot be told. */
export async function readHolder(folder: string): Promise<Holder | null> {
  try {
    const [name] = await readdir(folder);
    if (name === undefined) return null;
    const file = path.join(folder, name);
    const [text, { mtimeMs, mtime }] = [await readFile(file, "utf8"), await stat(file)];
    // A folder changes when it is renamed into its place.
    const { ctime } = await stat(folder);
    return { file, owner: ownerSchema.loose().safeParse(parsedJson(text)).data ?? null, pulse: `${name} ${mtimeMs}`, since: ctime, seen: mtime };
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

/** @throws UserError when it is gone; a file system that does not answer for once takes no claim away */
async function renew(file: string): Promise<void> {
  const now = new Date();
  await utimes(file, now, now).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") return;
    throw new UserError(`the claim ${path.dirname(file)} was taken by another process, as this one had been silent for a minute, or was removed; run the command again`);
  });
}
