import type { Packages } from "../process/install.ts";
import type { BackendName } from "../study/backendNames.ts";

export type { BackendName } from "../study/backendNames.ts";

/** Something that a backend is built with, and that decides what its kernels are. */
export interface Tool {
  /** For people, and for the build's key. */
  name: string;
  /** Where it says its version: what a program prints, a C header, or a package of CMake's. */
  said: { programs: readonly string[]; arguments: readonly string[] } | { header: string } | { cmakePackage: string };
  /** What of that is its version: groups, one after another. */
  version: readonly RegExp[];
  /** What stands between them; a dot by default. */
  between?: string;
  /** The oldest that will do. */
  least?: string;
}

/** What a build for a backend is made of. */
export interface Backend {
  /** CMake's options beside those of every build. */
  options: Readonly<Record<string, string>>;
  tools: readonly Tool[];
  /** Whether models are computed on devices, of which one is chosen. */
  hasDevices: boolean;
  /** Compilers in place of this machine's. */
  compilers?: { c: string; cxx: string };
  /** The only system that has it. */
  platform?: NodeJS.Platform;
  /** What brings all of its tools. */
  packages: Packages;
  /** The same where a package manager has no such packages. */
  otherwise: string;
}

/** Programs run with `-fa off`: kernels of flash attention are most of what would be compiled. */
const withoutFlashAttention = { GGML_CUDA_FA: "OFF" };

/** By name: everything that is known of each. */
export const backends: Readonly<Record<BackendName, Backend>> = {
  native: { options: {}, tools: [], hasDevices: false, packages: {}, otherwise: "" },
  // Its options depend on the architecture: portable.ts.
  portable: { options: {}, tools: [], hasDevices: false, packages: {}, otherwise: "" },
  vulkan: {
    options: { GGML_VULKAN: "ON" },
    // Of seven extensions of its language upstream's CMakeLists.txt asks glslc itself whether it knows them: its version decides.
    tools: [
      { name: "glslc", said: { programs: ["glslc"], arguments: ["--version"] }, version: [/^(shaderc \S+)/m, /^(spirv-tools \S+)/m, /^(glslang \S+)/m], between: ", " },
      // `vk::LayerSettingEXT`, which ggml-vulkan.cpp uses, came with these.
      { name: "Vulkan headers", said: { header: "vulkan/vulkan_core.h" }, version: [/VK_HEADER_VERSION_COMPLETE VK_MAKE_API_VERSION\(0, (\d+), (\d+)/, /#define VK_HEADER_VERSION (\d+)/], least: "1.3.275" },
      { name: "SPIRV-Headers", said: { cmakePackage: "SPIRV-Headers" }, version: [/PACKAGE_VERSION "([^"]+)"/] },
    ],
    hasDevices: true,
    packages: { "apt-get": "glslc libvulkan-dev spirv-headers vulkan-tools", dnf: "glslc vulkan-loader-devel spirv-headers-devel vulkan-tools", pacman: "shaderc vulkan-headers vulkan-icd-loader spirv-headers vulkan-tools", apk: "shaderc vulkan-loader-dev spirv-headers vulkan-tools", brew: "shaderc vulkan-headers vulkan-loader spirv-headers molten-vk vulkan-tools" },
    otherwise: "install the Vulkan SDK (https://vulkan.lunarg.com), and set VULKAN_SDK",
  },
  cuda: {
    // Upstream links NCCL, for several cards at a time, wherever it happens to be.
    options: { GGML_CUDA: "ON", ...withoutFlashAttention, GGML_CUDA_NCCL: "OFF" },
    tools: [
      { name: "nvcc", said: { programs: ["nvcc"], arguments: ["--version"] }, version: [/release [\d.]+, V([\d.]+)/], least: "11.7" },
      { name: "cuBLAS", said: { header: "cublas_api.h" }, version: [/#define CUBLAS_VER_MAJOR (\d+)/, /#define CUBLAS_VER_MINOR (\d+)/, /#define CUBLAS_VER_PATCH (\d+)/] },
    ],
    hasDevices: true,
    packages: {},
    otherwise: "install the CUDA toolkit (https://developer.nvidia.com/cuda-downloads), and have its bin/ on the PATH",
  },
  metal: {
    options: { GGML_METAL: "ON" },
    tools: [{ name: "Metal's compiler", said: { programs: ["xcrun"], arguments: ["metal", "--version"] }, version: [/metal version (\S+)/] }],
    hasDevices: true,
    platform: "darwin",
    packages: {},
    otherwise: "install Xcode with its Metal toolchain (xcodebuild -downloadComponent MetalToolchain)",
  },
  hip: {
    options: { GGML_HIP: "ON", ...withoutFlashAttention },
    tools: [{ name: "hipcc", said: { programs: ["hipcc", "/opt/rocm/bin/hipcc"], arguments: ["--version"] }, version: [/HIP version: (\S+)/], least: "6.1" }],
    hasDevices: true,
    packages: {},
    otherwise: "install ROCm with hipBLAS and rocBLAS (https://rocm.docs.amd.com), and have its bin/ on the PATH",
  },
  sycl: {
    options: { GGML_SYCL: "ON" },
    tools: [{ name: "icpx", said: { programs: ["icpx"], arguments: ["--version"] }, version: [/oneAPI DPC\+\+\/C\+\+ Compiler (\S+)/] }],
    hasDevices: true,
    compilers: { c: "icx", cxx: "icpx" },
    packages: {},
    otherwise: "install Intel's oneAPI base toolkit (https://www.intel.com/oneapi), and source its setvars.sh",
  },
  rpc: { options: { GGML_RPC: "ON", GGML_RPC_RDMA: "OFF" }, tools: [], hasDevices: true, packages: {}, otherwise: "" },
};
