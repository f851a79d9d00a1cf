import { afterEach, describe, expect, it, vi } from "vitest";
import { cmakeFlags, cmakeOptions } from "../../harness/build/flags.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";

afterEach(() => vi.unstubAllEnvs());

describe("CMake's options", () => {
  it("are the common ones for the pin", async () => {
    vi.stubEnv("CFLAGS", "");
    expect(cmakeFlags(cmakeOptions(await releaseNamed(), "linux")).join(" ")).toBe(
      "-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=ON -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF " +
        "-DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_BUILD_NUMBER=10361 -DLLAMA_BUILD_COMMIT=14e78dd -DCMAKE_C_FLAGS= -DCMAKE_CXX_FLAGS= " +
        "-DCMAKE_EXE_LINKER_FLAGS= -DCMAKE_SHARED_LINKER_FLAGS=",
    );
  });

  it("leave the multiplying to the processor's kernels on macOS", async () => {
    expect(cmakeOptions(await releaseNamed(), "darwin")).toMatchObject({ GGML_METAL: "OFF", GGML_BLAS: "OFF", GGML_ACCELERATE: "OFF" });
  });

  it("are a release's own where it needs others, beside the user's", async () => {
    vi.stubEnv("CFLAGS", "-g");
    expect(cmakeOptions(await releaseNamed("b2329"))).toMatchObject({
      LLAMA_NATIVE: "ON",
      LLAMA_BUILD_EXAMPLES: "ON",
      LLAMA_BUILD_SERVER: "OFF",
      CMAKE_C_FLAGS: "-ffp-contract=off -g",
      LLAMA_BUILD_NUMBER: "2329",
    });
    expect(cmakeOptions(await releaseNamed("v0.5.0"))).toMatchObject({ LLAMA_BUILD_NUMBER: "0", LLAMA_BUILD_COMMIT: "v0.5.0" });
  });
});
