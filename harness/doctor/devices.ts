import prettyBytes from "pretty-bytes";
import type { Build } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { hasOwnDevices, listDevices } from "../steps/devices.ts";
import { type Finding, good, optional } from "./finding.ts";

/** The devices that a build sees. Without one a machine can still build, and send cells to a cluster whose nodes have some. */
export async function lookAtDevices(build: Build, signal: AbortSignal): Promise<Finding[]> {
  if (!hasOwnDevices(build.backend)) return [];
  const none = (found: string): Finding => optional("devices", found, "look at the driver; where only cells on a cluster are computed on devices, none is needed here");
  try {
    const listed = await listDevices(build, signal);
    if (listed.length === 0) return [none(`llama.cpp's ${build.backend} backend sees none on this machine`)];
    return [good("devices", listed.map(({ name, description, freeBytes }) => `${name} (${description}, ${prettyBytes(freeBytes)} free)`).join(", "))];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return [none(error.message)];
  }
}
