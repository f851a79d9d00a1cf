import { mkdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import prettyBytes from "pretty-bytes";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { DiskFull, fileError } from "../fileError.ts";
import { hashFile, hashText } from "../hash.ts";
import { keepJson, keptJson } from "../json.ts";
import { cacheFolder } from "../paths.ts";
import { withLock } from "../process/lock.ts";
import type { Address } from "./address.ts";
import { attempt, forget, Restart, usualSilence } from "./attempt.ts";
import { downloadsFolder, knownFile, markDownload, trimDownloads } from "./kept.ts";
import { Passing } from "./request.ts";

/** How a download goes on, and what stops it. */
export interface DownloadOptions {
  signal: AbortSignal;
  report(text: string, fraction?: number): void;
  note(text: string): void;
  /** Refuses content that cannot be what is wanted, before it is kept. */
  check?: ((file: string) => Promise<void>) | undefined;
  /** Milliseconds before the second try, twice as many before each that follows; 1000 by default. */
  pause?: number;
  /** Seconds without a byte after which it is tried again. */
  silence?: number;
}

/** Tries in a row that bring nothing. */
const mostTries = 5;

/** Milliseconds between two reports of progress. */
const reportEvery = 200;

/**
 * A file from elsewhere: from the cache folder, or gone on with where an earlier run ended, or from its beginning. It gets its
 * name when it is complete and is what was asked for.
 *
 * @returns its path; files of one folder lie in one folder
 * @throws UserError naming the address, what happened, and the way out; what is wrong or found no room is removed
 */
export async function download(address: Address, options: DownloadOptions): Promise<string> {
  const file = path.join(downloadFolder(address), address.file);
  const known = knownFile(file);
  return withLock(path.join(cacheFolder(), "locks", `download-${hashText(file)}`), async (signal) => {
    const kept = await keptJson(known, keptSchema);
    if (kept !== null && (address.sha256 ?? kept.sha256) === kept.sha256 && (await isAsKept(file, kept, signal))) {
      await markDownload(file);
      return file;
    }
    await mkdir(path.dirname(file), { recursive: true });
    const partial = `${file}.partial`;
    try {
      const sha256 = await whole(address, partial, { ...options, signal });
      await rm(known, { force: true });
      await rename(partial, file);
      await forget(partial);
      await keepJson(known, { sha256, stamp: await stampOf(file) });
      await trimDownloads();
      options.note(`${address.shown} lies in ${file}; SHA-256 ${sha256}`);
      return file;
    } catch (error) {
      const told = fileError(error, partial);
      if (told instanceof DiskFull) await forget(partial);
      throw told;
    }
  }, { signal: options.signal, onWait: () => options.note(`waiting: another process downloads ${address.shown}`) });
}

/** A file that is here: its content, and what changes when somebody writes to it. */
const keptSchema = z.strictObject({ sha256: z.string(), stamp: z.string() });

async function stampOf(file: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(file);
  return [size, mtimeMs, ino].join(" ");
}

async function isAsKept(file: string, { sha256, stamp }: z.infer<typeof keptSchema>, signal: AbortSignal): Promise<boolean> {
  const now = await stampOf(file).catch(() => null);
  return now !== null && (now === stamp || (await hashFile(file, signal)) === sha256);
}

/** Where a folder's files lie. What is asked behind `?` may be a secret, and tells files apart. */
function downloadFolder({ url }: Address): string {
  return path.join(downloadsFolder(), hashText(`${new URL(".", url).href}${url.search}`).slice(0, 32));
}

/** @returns SHA-256 of the file, which is complete then */
async function whole(address: Address, partial: string, options: DownloadOptions): Promise<string> {
  const { signal, check, pause = 1000, silence = usualSilence } = options;
  const onBytes = progressOf(address, options.report);
  let [furthest, came] = [0, 0];
  for (let tries = 1; ; tries++) {
    try {
      const { from, stated } = await attempt(address, partial, { signal, silence, onBytes: (done, total) => {
        came = done;
        onBytes(done, total);
      } });
      const sha256 = await hashFile(partial, signal);
      const wanted = address.sha256 ?? stated;
      if (wanted === null || wanted === sha256) {
        await check?.(partial).catch((error: Error) => {
          throw new UserError(`${address.shown} gave something else than was asked for: ${error.message.replaceAll(partial, "it")}`);
        });
        return sha256;
      }
      const wrong = `${address.shown} has SHA-256 ${sha256}, not ${wanted}${address.sha256 === null ? " as its server says" : " as was given"}`;
      // What was there before may have been another file's.
      if (from === 0) throw new UserError(`${wrong}; ${address.sha256 === null ? "try again later" : "give the checksum of the file that is wanted, or another address or revision"}`);
      throw new Restart(wrong);
    } catch (error) {
      if (error instanceof UserError) await forget(partial);
      if (!(error instanceof Passing)) throw error;
      if (error instanceof Restart) await forget(partial);
      else if (came > furthest) tries = 1;
      furthest = Math.max(furthest, came);
      if (tries >= mostTries) throw new UserError(`${address.shown} cannot be downloaded: ${error.message}, ${mostTries} times in a row; ${error instanceof Restart ? "" : "what came is kept and gone on with: "}try again later, or give the path of a file`);
      options.note(`${address.shown}: ${error.message}; trying again`);
      await wait(error.wait === null ? pause * 2 ** (tries - 1) : 1000 * error.wait, undefined, { signal });
    }
  }
}

function progressOf({ shown }: Address, report: DownloadOptions["report"]): (done: number, total: number | null) => void {
  let last = -Infinity;
  return (done, total) => {
    const now = performance.now();
    if (now - last < reportEvery && done !== total) return;
    last = now;
    report(`downloading ${shown}: ${prettyBytes(done)}${total === null ? "" : ` of ${prettyBytes(total)}`}`, total === null ? undefined : done / total);
  };
}
