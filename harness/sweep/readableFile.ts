import { constants } from "node:fs";
import { mkdir, open, realpath, rename, stat } from "node:fs/promises";
import path from "node:path";
import { isatty } from "node:tty";
import { UserError } from "../errors.ts";
import { hashFile } from "../hash.ts";
import { scratchParent, writableCache } from "../paths.ts";
import { run } from "../process/run.ts";
import { withScratch } from "../scratch.ts";
import { isFresh, trimFolder } from "../trim.ts";

/** Bytes that are taken from a pipe at most. */
const mostBytes = 2 ** 30;

/** Bytes of what came through pipes that are kept, but for what came in the last two days. */
const mostKept = 4e9;

/** Where a file lies that can be read as often as wanted. */
export interface ReadableFile {
  path: string;
  /** Whether that is a copy of what came through a pipe. */
  copied: boolean;
}

/**
 * A file as it was given; what comes through a pipe, such as `<(command)` or /dev/stdin, is copied into the cache once, by its
 * content, where it stays for whoever goes on with the results. A file that is not there is given back as it is.
 *
 * @param what it is, for messages
 * @throws UserError a terminal, a device, or a pipe that gives more than 1 GiB
 */
export async function readableFile(file: string, what: string, signal?: AbortSignal): Promise<ReadableFile> {
  const given = { path: path.resolve(file), copied: false };
  const status = await stat(given.path).catch(() => null);
  const descriptor = descriptorOf(given.path);
  if (!status || status.isDirectory() || (status.isFile() && descriptor === null)) return given;
  // Programs cannot open this one's descriptors by their names; a file behind one has a name of its own, unless it was removed.
  const real = status.isFile() ? await realpath(given.path).catch(() => null) : null;
  if (real !== null) return { path: real, copied: false };
  if (descriptor !== null && isatty(descriptor)) throw new UserError(`${what} ${file} is a terminal; give a file or a pipe`);
  if (status.isCharacterDevice() || status.isBlockDevice()) throw new UserError(`${what} ${file} is a device; give a file or a pipe`);
  return { path: await copyOf(given.path, descriptor, `${what} ${file}`, signal), copied: true };
}

/** Of a path by which a process names what it has open: its number. */
function descriptorOf(file: string): number | null {
  if (file === "/dev/stdin") return 0;
  const [, number] = /^\/(?:dev|proc\/self|proc\/thread-self)\/fd\/(\d+)$/.exec(file) ?? [];
  return number === undefined ? null : Number(number);
}

async function copyOf(file: string, descriptor: number | null, called: string, signal: AbortSignal | undefined): Promise<string> {
  return withScratch(scratchParent(), "pipe", async (folder) => {
    const copy = path.join(folder, "copy");
    // Opening a pipe that nobody writes to takes for ever: not in this process, which could not be stopped then.
    const handle = descriptor === null || descriptor === 0 ? null : await open(file, constants.O_RDONLY);
    try {
      const source = descriptor === null ? file : "-";
      await run("sh", ["-c", 'exec head -c "$1" -- "$2" > "$3"', "sh", String(mostBytes), source, copy], { ...(signal && { signal }), stdin: handle?.fd ?? descriptor ?? undefined });
    } finally {
      await handle?.close();
    }
    if ((await stat(copy)).size === mostBytes) throw new UserError(`${called} gives more than ${mostBytes >> 20} MiB; put it into a file, and give that`);
    const all = path.join(writableCache(), "piped");
    const kept = path.join(all, await hashFile(copy, signal));
    await mkdir(all, { recursive: true });
    await rename(copy, kept);
    await trimFolder(all, mostKept, isFresh);
    return kept;
  });
}
