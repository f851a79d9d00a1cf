import { open, rm, stat } from "node:fs/promises";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { diskFull, freeBytes } from "../fileError.ts";
import { keepJson, keptJson } from "../json.ts";
import type { Address } from "./address.ts";
import { Passing, reasonOf, request } from "./request.ts";

/** What is known of a file that has been begun. */
const begunSchema = z.strictObject({
  /** ETag or date, by which the server tells whether it is the same still. */
  validator: z.string(),
  /** Bytes of the whole; null where the server does not say. */
  total: z.int().nullable(),
});

/** What an attempt led to. */
export interface Attempt {
  /** Bytes there were before it; 0 when it began anew. */
  from: number;
  stated: string | null;
}

/** Seconds without a byte after which the server is taken for gone. */
export const usualSilence = 60;

/** What came before cannot be gone on behind. */
export class Restart extends Passing {
  override name = "Restart";
}

/** Path of what is known of a file that has been begun. */
function begunFile(partial: string): string {
  return `${partial}.json`;
}

/** Removes what has been begun. */
export async function forget(partial: string): Promise<void> {
  for (const file of [partial, begunFile(partial)]) await rm(file, { force: true });
}

/**
 * Gets what is missing of a file, behind what is there where the server says that it is the same still.
 *
 * @param partial the file as far as it goes
 * @throws Passing when it ended early; what came is kept
 * @throws Restart when what is there is of no use
 * @throws UserError when the server refuses, DiskFull before anything of it is written
 */
export async function attempt(address: Address, partial: string, { signal, onBytes, silence }: { signal: AbortSignal; onBytes(done: number, total: number | null): void; silence: number }): Promise<Attempt> {
  const begun = await keptJson(begunFile(partial), begunSchema);
  const there = begun ? await stat(partial).then(({ size }) => size, () => 0) : 0;
  const quiet = new AbortController();
  const timer = setTimeout(() => quiet.abort(new Passing(`nothing came for ${silence} seconds`)), silence * 1000);
  try {
    const both = AbortSignal.any([signal, quiet.signal]);
    const { response, stated } = await request(address, there > 0 ? { range: `bytes=${there}-`, "if-range": begun!.validator } : {}, both);
    const { from, total } = placeOf(response, there, begun?.total ?? null);
    if (response.status === 416) return { from, stated };
    await keep(response, partial, total);
    const free = freeBytes(partial);
    if (total !== null && free !== null && free < total - from) throw diskFull(partial, total - from, free);
    const file = await open(partial, from > 0 ? "r+" : "w");
    let done = from;
    try {
      for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
        timer.refresh();
        if (total !== null && done + piece.length > total) throw new Restart(`more than the ${total} bytes came that the server spoke of`);
        await file.write(piece, 0, piece.length, done);
        done += piece.length;
        onBytes(done, total);
      }
    } finally {
      await file.close();
    }
    if (total !== null && done < total) throw new Passing(`it ended after ${done} of ${total} bytes`);
    return { from, stated };
  } catch (error) {
    signal.throwIfAborted();
    if (quiet.signal.aborted) throw quiet.signal.reason;
    if (error instanceof Passing || error instanceof UserError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    throw new Passing(`the connection broke (${reasonOf(error)})`);
  } finally {
    clearTimeout(timer);
    // Without it a connection that is not read to its end would stay open.
    quiet.abort();
  }
}

/** Where the bytes of an answer belong, and how many there are in all. */
function placeOf({ status, headers }: Response, there: number, before: number | null): { from: number; total: number | null } {
  if (status === 200) {
    const length = headers.get("content-length");
    return { from: 0, total: length === null ? null : Number(length) };
  }
  const [, start, all] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "") ?? [];
  const total = all === undefined || all === "*" ? null : Number(all);
  if (status === 416) {
    if (there > 0 && total === there) return { from: there, total };
    throw new Restart("the server has no bytes behind those that are there");
  }
  if (start === undefined || Number(start) !== there) throw new Restart(`the server sent bytes from ${start ?? "nowhere"} where ${there} were asked for`);
  if (before !== null && total !== null && total !== before) throw new Restart(`the file had ${before} bytes, and now has ${total}`);
  return { from: there, total: total ?? before };
}

/** Only what has a name by which it is known again can be gone on with. */
async function keep({ status, headers }: Response, partial: string, total: number | null): Promise<void> {
  if (status !== 200) return;
  const etag = headers.get("etag");
  const validator = etag !== null && !etag.startsWith("W/") ? etag : headers.get("last-modified");
  if (validator === null) await rm(begunFile(partial), { force: true });
  else await keepJson(begunFile(partial), begunSchema.parse({ validator, total }));
}
