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
  const text = error instanceof ProcessError ? error.output : String(error);
  return free < enoughBytes || said.test(text) ? diskFull(folder, Math.max(enoughBytes, free + 1), free, error) : told;
}
