import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { vi } from "vitest";
import { parseAddress } from "../../harness/download/address.ts";
import { download, type DownloadOptions } from "../../harness/download/download.ts";
import { hashText } from "../../harness/hash.ts";
import { temporaryFolder } from "./temporary.ts";
import { type Answering, serve } from "./unreliableServer.ts";

/** What servers have to give. */
export const content = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 7919) % 251));
export const sha256 = hashText(content);

/** A server that gives it. */
export const whole: Answering = (request, response) => serve(content, request, response);

/** A server that answers with a code alone. */
export const status = (code: number, headers: Record<string, string> = {}): Answering => (_request, response) => void response.writeHead(code, headers).end("no");

/** Downloads into a cache of the test's own, with what they have said so far. */
export interface DownloadLab {
  cache: string;
  notes: string[];
  reports: { text: string; fraction: number | undefined }[];
  /** The content of what is downloaded; tried again at once. */
  get(given: string, options?: Partial<DownloadOptions>): Promise<Buffer>;
  /** Names of all files in the cache. */
  files(): Promise<string[]>;
}

/** Makes the lab; without a token for the hub. */
export async function makeDownloadLab(): Promise<DownloadLab> {
  const cache = await temporaryFolder();
  vi.stubEnv("QUANTFLEX_CACHE", cache);
  vi.stubEnv("HF_TOKEN", undefined);
  const [notes, reports]: [DownloadLab["notes"], DownloadLab["reports"]] = [[], []];
  return {
    cache, notes, reports,
    async get(given, options = {}) {
      const { signal } = new AbortController();
      return readFile(await download(parseAddress(given), { signal, note: (text) => notes.push(text), report: (text, fraction) => reports.push({ text, fraction }), pause: 1, silence: 1, ...options }));
    },
    async files() {
      const all = await readdir(path.join(cache, "downloads"), { recursive: true, withFileTypes: true }).catch(() => []);
      return all.filter((entry) => entry.isFile()).map(({ name }) => name).sort();
    },
  };
}
