import { existsSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { findToolchain } from "../../harness/build/toolchain.ts";
import { ProcessError, run } from "../../harness/process/run.ts";
import { which } from "../../harness/process/which.ts";
import { withScratch } from "../../harness/scratch.ts";

const driverFolders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** Finds what ggml-vulkan looks for, and whether the headers are as new as it needs them (since 1.3.272). */
const probe = `cmake_minimum_required(VERSION 3.19)
project(probe CXX)
find_package(Vulkan REQUIRED COMPONENTS glslc)
find_package(SPIRV-Headers CONFIG REQUIRED)
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES Vulkan::Vulkan)
check_cxx_source_compiles("#include <vulkan/vulkan.h>
int main() { VkLayerSettingEXT setting = {}; uint32_t version; return vkEnumerateInstanceVersion(&version) || setting.valueCount; }" NEW_ENOUGH)
if (NOT NEW_ENOUGH)
    message(FATAL_ERROR "Vulkan's headers are too old")
endif()
`;

/** Mesa's Vulkan driver for the processor; undefined where it is not installed. */
function driver(): string | undefined {
  const files = driverFolders.filter((folder) => existsSync(folder)).flatMap((folder) => readdirSync(folder).map((name) => path.join(folder, name)));
  return files.find((file) => /^lvp_icd\b.*\.json$/.test(path.basename(file)));
}

/** Why nothing can be built for Vulkan here; empty where it can. */
async function obstacle(): Promise<string> {
  if (!which("glslc") || !which("cmake")) return "glslc or cmake is not on the PATH";
  return withScratch(tmpdir(), "quantflex-probe", async (folder) => {
    await writeFile(path.join(folder, "CMakeLists.txt"), probe);
    const { cxx } = await findToolchain();
    const says = await run("cmake", ["-S", folder, "-B", path.join(folder, "build"), `-DCMAKE_CXX_COMPILER=${cxx}`]).then(() => "", (error: unknown) => (error instanceof ProcessError ? error.output : String(error)));
    return /(?:Could NOT find|Could not find a package configuration file provided by|Vulkan's headers are too old)[^\n]*/.exec(says)?.[0] ?? says.trim();
  });
}

/** A Vulkan device that every machine can have: what it takes to use it, or why this machine cannot. */
export async function findLavapipe(): Promise<{ environment: Record<string, string>; reason: string }> {
  const file = driver();
  const reason = file ? await obstacle() : "Mesa's lavapipe is not installed (on Debian and Ubuntu: mesa-vulkan-drivers)";
  // A device that is a processor has to be asked for.
  return { environment: { VK_DRIVER_FILES: file ?? "", VK_ICD_FILENAMES: file ?? "", GGML_VK_VISIBLE_DEVICES: "0" }, reason };
}
