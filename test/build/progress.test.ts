import { describe, expect, it } from "vitest";
import { progress } from "../../harness/build/progress.ts";

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
