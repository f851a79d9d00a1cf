import path from "node:path";
import { DiskFull, diskFull, fileError, freeBytes } from "../fileError.ts";
import { ProcessError } from "../process/processError.ts";

/** With less than that, whatever failed may have failed for it: programs do not all say so. */
const enoughBytes = 1 << 16;

const said = /No space left on device|Disk quota exceeded|\bENOSPC\b|its disk has \d+ bytes free/i;

/**
 * What a step threw, or that a disk is full where that is why.
 *
 * @param folders where the step writes
 */
export function fullDiskOr(error: unknown, folders: readonly string[]): unknown {
  const told = fileError(error);
  if (told instanceof DiskFull) return told;
  const room = folders.map((folder) => ({ folder, free: freeBytes(folder) ?? Infinity })).sort((left, right) => left.free - right.free);
  const [{ folder, free }] = room as [(typeof room)[number]];
  if (free < enoughBytes) return diskFull(folder, enoughBytes, free, error);
  if (error instanceof ProcessError) return said.test(error.output) ? diskFull(folders[0]!, path.basename(error.message.split(/\s/)[0]!), freeBytes(folders[0]!), error) : told;
  return said.test(String(error)) ? diskFull(folders[0]!, "quantflex", freeBytes(folders[0]!), error) : told;
}
