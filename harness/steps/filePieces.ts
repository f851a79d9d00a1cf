import path from "node:path";
import { GgufBytes } from "../gguf/bytes.ts";
import type { Gguf } from "../gguf/read.ts";
import { writeOwn } from "../writeAtomic.ts";

/** Places, all over a file, that a part of it is taken from. */
const places = 16;

/** Parts of a file, as files. */
export interface FilePieces {
  files: string[];
  /** Bytes of all of them. */
  bytes: number;
}

/**
 * Cut a file into pieces for compressors; of a large one some, evenly from all over it.
 *
 * @param most bytes of all pieces at most
 * @param folder where they are written
 */
export async function cutFile(gguf: Pick<Gguf, "fileBytes" | "segments">, most: number, folder: string): Promise<FilePieces> {
  const { fileBytes } = gguf;
  const pieceBytes = Math.ceil(most / places);
  const all = Math.ceil(fileBytes / pieceBytes);
  const wanted = Math.min(all, places);
  const cut: FilePieces = { files: [], bytes: 0 };
  const handle = new GgufBytes(gguf);
  try {
    const buffer = Buffer.alloc(Math.min(pieceBytes, fileBytes));
    for (let index = 0; index < wanted; index++) {
      const at = Math.floor((index * all) / wanted) * pieceBytes;
      const bytes = buffer.subarray(0, Math.min(buffer.length, fileBytes - at));
      await handle.read(bytes, at);
      const piece = path.join(folder, `file-${index}`);
      await writeOwn(piece, bytes);
      cut.files.push(piece);
      cut.bytes += bytes.length;
    }
  } finally {
    await handle.close();
  }
  return cut;
}
