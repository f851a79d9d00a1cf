import prettyBytes from "pretty-bytes";
import type { BackendName } from "../build/backends.ts";
import type { Build } from "../build/build.ts";
import { UserError } from "../errors.ts";
import type { ListedDevice } from "../parse/devices.ts";
import { hasOwnDevices, listDevices } from "../steps/devices.ts";
import { driverOf } from "../steps/driver.ts";
import { type Finding, good, optional } from "./finding.ts";

/** The devices that a build lists, or why it cannot; none of a build without devices of its machine's. */
type Listed = readonly ListedDevice[] | UserError;

/** Asks a build once for what both of the following tell of. */
export async function listOnce(build: Build, signal: AbortSignal): Promise<Listed> {
  if (!hasOwnDevices(build.backend)) return [];
  return listDevices(build, signal).catch((error: unknown) => {
    if (error instanceof UserError) return error;
    throw error;
  });
}

/** The devices that a build sees. Without one a machine can still build, and send cells to a cluster whose nodes have some. */
export async function lookAtDevices(build: Build, signal: AbortSignal, asked = listOnce(build, signal)): Promise<Finding[]> {
  if (!hasOwnDevices(build.backend)) return [];
  const none = (found: string): Finding => optional("devices", found, "look at the driver; where only cells on a cluster are computed on devices, none is needed here");
  const listed = await asked;
  if (listed instanceof UserError) return [none(listed.message)];
  if (listed.length === 0) return [none(`llama.cpp's ${build.backend} backend sees none on this machine`)];
  return [good("devices", listed.map(({ name, description, freeBytes }) => `${name} (${description}, ${prettyBytes(freeBytes)} free)`).join(", "))];
}

const tellers: Partial<Record<BackendName, string>> = { vulkan: "vulkaninfo (Debian and Ubuntu: apt-get install vulkan-tools), or with NVIDIA's driver nvidia-smi", cuda: "nvidia-smi", sycl: "sycl-ls" };

/** The driver of the first device that a build sees. */
export async function lookAtDriver(build: Build, signal: AbortSignal, asked = listOnce(build, signal)): Promise<Finding[]> {
  const listed = await asked;
  const first = listed instanceof UserError ? undefined : listed[0];
  if (!first) return [];
  const driver = await driverOf(build.backend, first.description, signal);
  if (driver !== null) return [good("driver", driver)];
  return [optional("driver", "its version is not known, so that stored figures of another driver would be taken for its own", `what tells it is ${tellers[build.backend]}`)];
}
