import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "./writeAtomic.ts";
import { z } from "zod";
import { UserError } from "./errors.ts";
import { seal, unseal } from "./seal.ts";

/** Keep a value that can be made again, atomically and with a checksum; the folder is made if need be. */
export async function keepJson(file: string, value: unknown): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  // What a power cut leaves of it is told by the checksum, and made again: nobody needs to wait for the disk.
  await writeAtomic(file, seal(value), { fsync: false });
}

/** The same of what can be found again at any time: where it cannot be kept, it is not. */
export async function rememberJson(file: string, value: unknown): Promise<void> {
  await keepJson(file, value).catch(() => undefined);
}

/**
 * What {@link keepJson} kept.
 *
 * @returns null when it is missing, cannot be read, was changed in any way, or is of another shape
 */
export async function keptJson<T>(file: string, schema: z.ZodType<T>): Promise<T | null> {
  return readFile(file, "utf8").then((text) => schema.parse(unseal(text)), () => null).catch(() => null);
}

/**
 * What a JSON file holds that must be there.
 *
 * @param wayOut what can be done when it is not, or is of another shape
 * @throws UserError that names the file, what is wrong, and the way out
 */
export async function readJson<T>(file: string, schema: z.ZodType<T>, wayOut: string): Promise<T> {
  try {
    return schema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    throw new UserError(`${file} cannot be read: ${error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message}; ${wayOut}`);
  }
}
