import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { backendFlavour } from "../../harness/build/flavour.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";

const driverFolders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** Mesa's Vulkan driver for the processor; undefined where it is not installed. */
function driver(): string | undefined {
  const files = driverFolders.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)));
  return files.find((file) => /^lvp_icd\b.*\.json$/.test(path.basename(file)));
}

/** A Vulkan device that every machine can have: what it takes to use it, or why this machine cannot. */
export async function findLavapipe(): Promise<{ environment: Record<string, string>; reason: string }> {
  const file = driver();
  const built = file ? await backendFlavour("vulkan", await releaseNamed()).catch((error: Error) => error) : new Error("Mesa's lavapipe is not installed (on Debian and Ubuntu: mesa-vulkan-drivers)");
  // A device that is a processor has to be asked for.
  return { environment: { VK_DRIVER_FILES: file ?? "", VK_ICD_FILENAMES: file ?? "", GGML_VK_VISIBLE_DEVICES: "0" }, reason: built instanceof Error ? built.message : "" };
}
