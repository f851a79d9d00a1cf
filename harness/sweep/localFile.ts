import { stat } from "node:fs/promises";
import { UserError } from "../errors.ts";
import { isRemote, parseAddress, splitChecksum } from "../download/address.ts";
import { download, type DownloadOptions } from "../download/download.ts";
import { partPaths } from "../gguf/split.ts";
import { readPart } from "../gguf/read.ts";
import { hashFile } from "../hash.ts";
import type { Report } from "./events.ts";

/**
 * An input by its name: a path, `https://…`, or `hf:owner/repo/file[@revision]`, each with `#sha256=HEX` behind it where its
 * content is known. What lies elsewhere is downloaded into the cache folder, of a split model all parts; the checksum is its
 * first part's.
 *
 * @returns a path
 * @throws UserError when it cannot be had, or has another content
 */
export async function localFile(name: string, report: Report, signal: AbortSignal): Promise<string> {
  if (isRemote(name)) return fetched(name, report, signal);
  const { name: file, sha256 } = splitChecksum(name);
  if (sha256 === null || !(await stat(file).then((status) => status.isFile(), () => false))) return file;
  const found = await hashFile(file, signal);
  if (found !== sha256) throw new UserError(`${file} has SHA-256 ${found}, not ${sha256} as was given; give the checksum of the file that is wanted, or another file`);
  return file;
}

async function fetched(name: string, report: Report, signal: AbortSignal): Promise<string> {
  const address = parseAddress(name);
  const options: DownloadOptions = {
    signal,
    report: (text, fraction) => report({ kind: "prepare", text, fraction }),
    note: (text) => report({ kind: "note", text }),
    check: /\.gguf$/i.test(address.file) ? async (file) => void (await readPart(file)) : undefined,
  };
  const first = await download(address, options);
  for (const file of partPaths(address.file)?.slice(1) ?? []) {
    const url = new URL(encodeURIComponent(file) + address.url.search, address.url);
    await download({ url, shown: address.shown.replace(address.file, file), file, sha256: null }, options);
  }
  return first;
}
