import { describe, expect, it } from "vitest";
import { progress } from "../../harness/build/cmake.ts";
import { cmakeFlags, cmakeOptions } from "../../harness/build/flags.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";

describe("progress", () => {
  it.each([
    ["[215/256] Building CXX object common/CMakeFiles/llama-common.dir/debug.cpp.o", 215 / 256],
    ["[ 15%] Building C object ggml/src/ggml.c.o", 0.15],
    ["[100%] Built target llama-quantize", 1],
    ["[0/0] nothing", undefined],
    ["-- The C compiler identification is GNU", undefined],
    ["warning: array[3/4]", undefined],
  ])("of %j", (line, fraction) => {
    expect(progress(line)).toBe(fraction);
  });
});

describe("CMake's flags", () => {
  it("name the release, not the patched commit", async () => {
    const flags = cmakeFlags(cmakeOptions(await releaseNamed()));
    expect(flags).toContain("-DLLAMA_BUILD_NUMBER=10361");
    expect(flags).toContain("-DLLAMA_BUILD_COMMIT=14e78dd");
    expect(cmakeFlags(cmakeOptions(await releaseNamed("v0.5.0")))).toContain("-DLLAMA_BUILD_COMMIT=v0.5.0");
  });
});
