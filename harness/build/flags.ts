import type { Release } from "../upstream/releases.ts";

/** CMake options of every build: what the study needs, for this machine's processor, without the network. */
const common: Record<string, string> = {
  BUILD_SHARED_LIBS: "OFF",
  GGML_NATIVE: "ON",
  LLAMA_OPENSSL: "OFF",
  LLAMA_BUILD_EXAMPLES: "OFF",
  LLAMA_BUILD_SERVER: "OFF",
  LLAMA_BUILD_APP: "OFF",
  LLAMA_BUILD_UI: "OFF",
};

/**
 * Upstream switches these on by default on macOS alone. They multiply in floating point where the processor's
 * kernels multiply integers, so that figures would be others than elsewhere, and read quantized weights past
 * those kernels; `--device none` keeps only Metal away. In 2024 their names began with LLAMA.
 */
const darwin: Record<string, string> = {
  GGML_METAL: "OFF",
  GGML_BLAS: "OFF",
  GGML_ACCELERATE: "OFF",
  LLAMA_METAL: "OFF",
  LLAMA_ACCELERATE: "OFF",
};

/**
 * The CMake options that decide what comes out of a build, name → value. The build number and commit
 * are the release's, as git in a patched work tree would name others.
 */
export function cmakeOptions(release: Release, platform: NodeJS.Platform = process.platform): Record<string, string> {
  return {
    ...common,
    ...(platform === "darwin" && darwin),
    ...release.cmake,
    LLAMA_BUILD_NUMBER: /^b(\d+)$/.exec(release.tag)?.[1] ?? "0",
    LLAMA_BUILD_COMMIT: release.commit?.slice(0, 7) ?? release.tag,
    // cmake-js would define a macro for Node's add-ons here.
    CMAKE_C_FLAGS: [release.cmake?.["CMAKE_C_FLAGS"], process.env.CFLAGS].filter(Boolean).join(" "),
    CMAKE_CXX_FLAGS: process.env.CXXFLAGS ?? "",
    CMAKE_EXE_LINKER_FLAGS: process.env.LDFLAGS ?? "",
    CMAKE_SHARED_LINKER_FLAGS: process.env.LDFLAGS ?? "",
  };
}

/** The options as CMake takes them (`-DNAME=VALUE`), with the build type; in a fixed order. */
export function cmakeFlags(options: Record<string, string>): string[] {
  return Object.entries({ CMAKE_BUILD_TYPE: "Release", ...options }).map(([name, value]) => `-D${name}=${value}`);
}
