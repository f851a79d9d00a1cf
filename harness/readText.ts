import { readFile } from "node:fs/promises";

/**
 * A file's content as UTF-8, for what is read ten thousand times: where the encoding is a word, Node.js makes options of a shape
 * of its own for each call, which stays in memory until the whole heap is collected.
 */
export function readText(file: string): Promise<string> {
  return readFile(file, { encoding: "utf8" });
}
