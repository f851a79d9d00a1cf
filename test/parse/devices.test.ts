import { expect, it } from "vitest";
import { offloadedLayers, parseDevices, syclDriver, vulkanDriver } from "../../harness/parse/devices.ts";

const list = (...lines: string[]): string => `Available devices:\n${lines.map((line) => `  ${line}\n`).join("")}`;

it("devices have their name, description and memory", () => {
  expect(parseDevices({ stdout: list("Vulkan0: NVIDIA H200 (NVL) (143771 MiB, 143000 MiB free)"), stderr: "" })).toEqual([
    { name: "Vulkan0", description: "NVIDIA H200 (NVL)", totalBytes: 143771 * 2 ** 20, freeBytes: 143000 * 2 ** 20, line: "NVIDIA H200 (NVL)" },
  ]);
  expect(parseDevices({ stdout: list("(none)"), stderr: "" })).toEqual([]);
});

it.each([
  ["Vulkan1", "ggml_vulkan: 0 = A (d) | fp16: 1\nggml_vulkan: 1 = B (d) | fp16: 0 | matrix cores: none\n", "B (d) | fp16: 0 | matrix cores: none"],
  ["CUDA0", "ggml_cuda_init: found 2 CUDA devices (Total VRAM: 3 MiB):\n  Device 0: NVIDIA H100, compute capability 9.0, VMM: yes, VRAM: 81079 MiB\n  Device 1: other\n", "NVIDIA H100, compute capability 9.0, VMM: yes, VRAM: 81079 MiB"],
  ["ROCm0", "  Device 0: AMD Radeon, gfx1100 (0x1100), VMM: no, Wave Size: 32, VRAM: 3 MiB\n", "AMD Radeon, gfx1100 (0x1100), VMM: no, Wave Size: 32, VRAM: 3 MiB"],
  ["MTL0", "ggml_metal_device_init: GPU name:   MTL0 (Apple M3)\nggml_metal_library_init: loaded in 0.1 sec\nggml_metal_device_init: has bfloat            = true\n", "GPU name: MTL0 (Apple M3); has bfloat = true"],
  ["SYCL0", "something else\n", "Some Card"],
])("%s is told by what its backend prints of it, without its number", (name, stderr, line) => {
  expect(parseDevices({ stdout: list(`${name}: Some Card (2 MiB, 1 MiB free)`), stderr })[0]!.line).toBe(line);
});

it("layers on a device are counted where the program counts them", () => {
  expect(offloadedLayers("0.01 I load_tensors: offloaded 29/33 layers to GPU\n")).toEqual({ offloaded: 29, layers: 33 });
  expect(offloadedLayers("load_tensors: offloading 5 repeating layers to GPU\n")).toBeNull();
});

it("the version of a Vulkan driver is that of the device of the name", () => {
  const summary = "GPU0:\n\tdriverVersion      = 1.2.3\n\tdeviceName         = A\n\tdriverName         = one\n\tdriverInfo         = 535.1\nGPU1:\n\tdriverVersion      = 0.0.1\n\tdeviceName         = llvmpipe (LLVM 15)\n\tdriverName         = llvmpipe\n\tdriverInfo         = Mesa 22.3.6 (LLVM 15)\n";
  expect(vulkanDriver(summary, "A")).toBe("one 535.1 1.2.3");
  expect(vulkanDriver(summary, "llvmpipe (LLVM 15)")).toBe("llvmpipe Mesa 22.3.6 (LLVM 15) 0.0.1");
  expect(vulkanDriver(summary, "B")).toBeNull();
});

it("the version of a SYCL driver is that of the device of the name", () => {
  const listed = "[opencl:cpu][opencl:0] Intel(R) OpenCL, Intel(R) Xeon(R) OpenCL 3.0 (Build 0) [2024.18.12.0]\n[level_zero:gpu][level_zero:0] Intel(R) Level-Zero, Intel(R) Arc(TM) A770 Graphics 1.3 [1.3.29735]\n";
  expect(syclDriver(listed, "Intel(R) Arc(TM) A770 Graphics")).toBe("1.3.29735");
  expect(syclDriver(listed, "Intel(R) Data Center GPU Max")).toBeNull();
  expect(syclDriver("", "Intel(R) Arc(TM) A770 Graphics")).toBeNull();
});
