import { open } from "node:fs/promises";
import path from "node:path";
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
export async function cutFile({ path: source, fileBytes }: { path: string; fileBytes: number }, most: number, folder: string): Promise<FilePieces> {
  const pieceBytes = Math.ceil(most / places);
  const all = Math.ceil(fileBytes / pieceBytes);
  const wanted = Math.min(all, places);
  const cut: FilePieces = { files: [], bytes: 0 };
  const handle = await open(source, "r");
  try {
    const buffer = Buffer.alloc(Math.min(pieceBytes, fileBytes));
    for (let index = 0; index < wanted; index++) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, Math.floor((index * all) / wanted) * pieceBytes);
      const piece = path.join(folder, `file-${index}`);
      await writeOwn(piece, buffer.subarray(0, bytesRead));
      cut.files.push(piece);
      cut.bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
  return cut;
}
