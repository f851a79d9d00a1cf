import { describe, expect, it } from "vitest";
import { followBuild } from "../../harness/build/progress.ts";

/** What is reported of these lines. */
function followed(...lines: string[]): number[] {
  const fractions: number[] = [];
  lines.forEach(followBuild((fraction) => fractions.push(fraction)));
  return fractions;
}

describe("progress", () => {
  it.each([
    ["[215/256] Building CXX object common/CMakeFiles/llama-common.dir/debug.cpp.o", [215 / 256]],
    ["[ 15%] Building C object ggml/src/ggml.c.o", [0.15]],
    ["[100%] Built target llama-quantize", [1]],
    ["[0/0] nothing", []],
    ["-- The C compiler identification is GNU", []],
    ["warning: array[3/4]", []],
  ])("of %j", (line, fractions) => {
    expect(followed(line)).toEqual(fractions);
  });

  it("never goes back, as where ninja learns that there is more to do", () => {
    expect(followed("[9/100] a", "[10/200] b", "[19/200] c", "[20/200] d")).toEqual([0.09, 0.095, 0.1]);
  });

  it("does not count what is built of another project on the way", () => {
    const ninja = ["[8/200] Performing build step for 'vulkan-shaders-gen'", "[1/2] Building CXX object CMakeFiles/vulkan-shaders-gen.dir/vulkan-shaders-gen.cpp.o", "[2/2] Linking CXX executable vulkan-shaders-gen", "[9/200] Performing install step for 'vulkan-shaders-gen'", "[10/200] Completed 'vulkan-shaders-gen'", "[11/200] Generate shaders"];
    expect(followed(...ninja)).toEqual([0.04, 0.045, 0.05, 0.055]);
    const make = ["[  3%] Performing build step for 'vulkan-shaders-gen'", "[ 50%] Building CXX object CMakeFiles/vulkan-shaders-gen.dir/vulkan-shaders-gen.cpp.o", "[  4%] Building C object ggml/src/ggml.c.o", "[100%] Built target vulkan-shaders-gen", "[  5%] No install step for 'vulkan-shaders-gen'", "[  6%] Built target vulkan-shaders-gen"];
    expect(followed(...make)).toEqual([0.03, 0.05, 0.06]);
  });
});
