import { markDownload } from "../download/kept.ts";
import { UserError } from "../errors.ts";
import { contentHash, identity } from "../store/contentHash.ts";
import type { PlannedStep } from "./job.ts";

/** A file that was given is not what the step's key was made from. */
export class GivenFileChanged extends UserError {
  override name = "GivenFileChanged";
}

/**
 * Do work on the files that were given, which must be those that its key was made from, at its beginning and at its end.
 *
 * @throws GivenFileChanged naming a file that was changed, replaced or removed meanwhile, whatever became of the work: nothing
 *   that was found is to be kept then
 */
export async function onGivenFiles<T>({ inputs }: Pick<PlannedStep, "inputs">, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const given = Object.entries(inputs).flatMap(([role, input]) => ("file" in input ? [{ role, ...input }] : []));
  const changed = ({ role, file }: (typeof given)[number]): GivenFileChanged =>
    new GivenFileChanged(`the ${role} ${file} was changed or replaced while the sweep ran; run it again with the file as it is now`);
  const seen: string[] = [];
  for (const one of given) {
    if ((await contentHash(one.file, signal)) !== one.sha256) throw changed(one);
    seen.push(await identity(one.file));
    await markDownload(one.file);
  }
  const refuseChanged = async (): Promise<void> => {
    for (const [index, one] of given.entries()) if ((await identity(one.file).catch(() => null)) !== seen[index]) throw changed(one);
  };
  try {
    return await work();
  } finally {
    // Also of work that failed or was stopped: what it left behind may be gone on with.
    await refuseChanged();
  }
}
