import { describe, expect, it } from "vitest";
import { errorLine } from "../../harness/parse/errorLine.ts";

describe("the first error line", () => {
  it.each([
    ["llama.cpp's, by its mark", "0.00.005.001 I loading\n0.00.005.080 E llama_model_load: error loading model: unknown model architecture: 'llamb'\n0.00.005.145 E failed to load model\n", "llama_model_load: error loading model: unknown model architecture: 'llamb'"],
    ["of an older release", "llama_model_load: error loading model: tensor 'x' is missing\nllama_load_model_from_file: failed to load model\nmain: error: unable to load model\n", "llama_model_load: error loading model: tensor 'x' is missing"],
    ["not what a file says of itself", "llama_model_loader: - kv   2: general.description str = an error, failed\nmain: failed to quantize\n", "main: failed to quantize"],
    ["a compiler's", "[1/3] Building C object x.o\nFAILED: x.o\nx.c:1:2: error: unknown type name 'f'\n", "x.c:1:2: error: unknown type name 'f'"],
    ["a shell's", "sh: 1: nothing: not found\n", "sh: 1: nothing: not found"],
    ["an assertion's", "all well\nggml.c:12: GGML_ASSERT(x) failed\n", "ggml.c:12: GGML_ASSERT(x) failed"],
    ["none", "[1]4.2,[2]4.3\nno complaint\n", null],
    ["nothing", "", null],
  ])("%s", (_what, text, line) => {
    expect(errorLine(text)).toBe(line);
  });

  it("is found at the end of 60 MB without a line break in seconds", () => {
    const before = process.cpuUsage();
    expect(errorLine(`${"e".repeat(60e6)}\nerror: at last`)).toBe("error: at last");
    expect(errorLine("\n".repeat(60e6))).toBeNull();
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(15);
  });
});
