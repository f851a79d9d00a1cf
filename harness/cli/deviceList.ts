import prettyBytes from "pretty-bytes";
import { alignedTable } from "../alignedTable.ts";
import { askedBackend } from "../build/askedBackend.ts";
import type { BackendName } from "../build/backends.ts";
import { ensureBuild, listingProgram } from "../build/build.ts";
import { listDevices, refuseDevice, refuseWithoutDevices } from "../steps/devices.ts";
import { releaseNamed } from "../upstream/releases.ts";
import type { CommandIo } from "./io.ts";
import { plainProgress } from "./plainProgress.ts";

/** Prints the devices of a backend, with their memory. @throws UserError for a backend without devices */
export async function showDevices({ backend: given, release: tag, device }: { backend?: BackendName; release?: string; device?: string }, { print, complain, signal }: CommandIo): Promise<void> {
  const backend = askedBackend(given);
  refuseWithoutDevices(backend, "--list-devices");
  if (backend === "rpc") refuseDevice(backend, device);
  const report = plainProgress(complain);
  const build = await ensureBuild("patched", { release: await releaseNamed(tag), targets: [listingProgram], backend, report: (text, fraction) => report({ kind: "build", text, fraction }), signal });
  const listed = await listDevices(build, signal, backend === "rpc" && device !== undefined ? { server: device } : {});
  if (listed.length === 0) return print(`llama.cpp's ${backend} backend sees no device on this machine; look at its driver${backend === "vulkan" ? ", or give --device Vulkan0 for a processor in disguise, such as lavapipe, which is passed over" : ""}`);
  print(alignedTable([["device", "description", "memory", "free"], ...listed.map(({ name, description, totalBytes, freeBytes }) => [name, description, prettyBytes(totalBytes), prettyBytes(freeBytes)])], (column) => column > 1));
}
