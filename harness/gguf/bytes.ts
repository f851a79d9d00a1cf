import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { ParseError } from "../errors.ts";
import type { Segment } from "./split.ts";

interface Segmented {
  segments: readonly Segment[];
}

/** The bytes of a GGUF, wherever they lie: files are opened when they are read from first. */
export class GgufBytes {
  readonly #segments: readonly (Segment & { start: number })[];
  readonly #open = new Map<string, Promise<FileHandle>>();

  constructor({ segments }: Segmented) {
    let start = 0;
    this.#segments = segments.map((segment) => {
      const placed = { ...segment, start };
      start += segment.bytes;
      return placed;
    });
  }

  /** Fills `bytes` from `position` on. @throws ParseError when a file ends before them */
  async read(bytes: Uint8Array, position: number): Promise<void> {
    const end = position + bytes.length;
    for (const segment of this.#segments) {
      const from = Math.max(position, segment.start);
      const to = Math.min(end, segment.start + segment.bytes);
      if (from >= to) continue;
      const part = bytes.subarray(from - position, to - position);
      const within = from - segment.start;
      if ("content" in segment) part.set(segment.content.subarray(within, within + part.length));
      else await readFully(await this.#handle(segment.file), segment.file, part, segment.at + within);
    }
  }

  async close(): Promise<void> {
    for (const handle of this.#open.values()) await (await handle).close();
    this.#open.clear();
  }

  #handle(file: string): Promise<FileHandle> {
    const known = this.#open.get(file);
    if (known) return known;
    const opened = open(file, "r");
    this.#open.set(file, opened);
    opened.catch(() => this.#open.delete(file));
    return opened;
  }
}

/** Fills `bytes` from a file. @throws ParseError when it ends before them */
export async function readFully(file: FileHandle, path: string, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) throw new ParseError(`${path} is truncated: it ends at byte ${position + done}.`);
    done += bytesRead;
  }
}

/** All bytes of a GGUF in order, as a stream. */
export async function* allBytes({ segments }: Segmented): AsyncGenerator<Uint8Array> {
  for (const segment of segments) {
    if ("content" in segment) yield segment.content;
    else if (segment.bytes > 0) yield* createReadStream(segment.file, { start: segment.at, end: segment.at + segment.bytes - 1, highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
  }
}
