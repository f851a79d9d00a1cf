import { readFile } from "node:fs/promises";
import { z } from "zod";
import { UserError } from "./errors.ts";

/**
 * What a JSON file holds that can be made again.
 *
 * @returns null when it is missing, cannot be read, or is of another shape
 */
export async function keptJson<T>(file: string, schema: z.ZodType<T>): Promise<T | null> {
  return parsed(file, schema).catch(() => null);
}

/**
 * What a JSON file holds that must be there.
 *
 * @param wayOut what can be done when it is not, or is of another shape
 * @throws UserError that names the file, what is wrong, and the way out
 */
export async function readJson<T>(file: string, schema: z.ZodType<T>, wayOut: string): Promise<T> {
  return parsed(file, schema).catch((error: Error) => {
    throw new UserError(`${file} cannot be read: ${error instanceof z.ZodError ? z.prettifyError(error) : error.message}; ${wayOut}`);
  });
}

async function parsed<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(JSON.parse(await readFile(file, "utf8")));
}
