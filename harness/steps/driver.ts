import { readFile } from "node:fs/promises";
import { release } from "node:os";
import type { BackendName } from "../build/backends.ts";
import { syclDriver, vulkanDriver } from "../parse/devices.ts";
import { run } from "../process/run.ts";
import { which } from "../process/which.ts";

/**
 * The version of the driver of a device, which decides kernels and so belongs to the key; llama.cpp prints none.
 *
 * @param description of the device, as it is listed
 * @returns of AMD's and Apple's, which come with the kernel, its version where they have none of their own; null where nothing
 *   tells it: what was measured by another driver is not told apart then
 */
export async function driverOf(backend: BackendName, description: string, signal: AbortSignal): Promise<string | null> {
  const said = async (program: string, ...argumentList: string[]): Promise<string> => {
    const file = which(program);
    return file ? run(file, argumentList, { signal }).then(({ stdout }) => stdout, () => "") : "";
  };
  if (backend === "metal") return `Darwin ${release()}`;
  if (backend === "hip") return readFile("/sys/module/amdgpu/version", "utf8").then((version) => `amdgpu ${version.trim()}`, () => `Linux ${release()}`);
  if (backend === "sycl") return syclDriver(await said("sycl-ls"), description);
  if (backend === "cuda" || (backend === "vulkan" && description.includes("NVIDIA"))) {
    const [version] = (await said("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")).split("\n");
    if (version?.trim()) return `NVIDIA ${version.trim()}`;
  }
  return backend === "vulkan" ? vulkanDriver(await said("vulkaninfo", "--summary"), description) : null;
}
