import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { askedBackend } from "../../harness/build/askedBackend.ts";
import { backendFlavour } from "../../harness/build/flavour.ts";
import { portableCpu } from "../../harness/build/portable.ts";
import { UserError } from "../../harness/errors.ts";
import { temporaryFolder } from "../support/temporary.ts";

const release = { tag: "b1" };

/** A PATH of scripts alone, and a Vulkan SDK with headers of that version; CMake's package is left out of one without. */
let folder = "";
beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(path.join(folder, "bin"));
  vi.stubEnv("PATH", path.join(folder, "bin"));
  vi.stubEnv("VULKAN_SDK", folder);
  vi.stubEnv("CUDAARCHS", "");
});

async function script(name: string, body: string): Promise<void> {
  await writeFile(path.join(folder, "bin", name), `#!/bin/sh\n${body}\n`);
  await chmod(path.join(folder, "bin", name), 0o755);
}

async function vulkan(version: [number, number, number], glslc = "echo 'shaderc v2023.8 v2023.8'; echo 'spirv-tools v2023.6'; echo 'glslang 11.1.0-1'; echo; echo 'Target: SPIR-V 1.0'"): Promise<void> {
  await mkdir(path.join(folder, "include", "vulkan"), { recursive: true });
  const [major, minor, patch] = version;
  await writeFile(path.join(folder, "include", "vulkan", "vulkan_core.h"), `#define VK_HEADER_VERSION ${patch}\n#define VK_HEADER_VERSION_COMPLETE VK_MAKE_API_VERSION(0, ${major}, ${minor}, VK_HEADER_VERSION)\n`);
  const config = path.join(folder, "share", "cmake", "SPIRV-Headers");
  await mkdir(config, { recursive: true });
  await writeFile(path.join(config, "SPIRV-HeadersConfigVersion.cmake"), 'set(PACKAGE_VERSION "1.5.5")\n');
  await script("glslc", glslc);
}

async function refusal(backend: Parameters<typeof backendFlavour>[0]): Promise<string> {
  const error: unknown = await backendFlavour(backend, release).then(() => null, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect((error as Error).message).not.toContain("\n");
  return (error as Error).message;
}

describe("a backend's flavour", () => {
  it("is none of this machine's processor", async () => expect(await backendFlavour("native", release)).toBeUndefined());

  it("names its options, and the versions of what decides its kernels", async () => {
    await vulkan([1, 4, 309]);
    expect(await backendFlavour("vulkan", release)).toEqual({
      backend: "vulkan", options: { GGML_VULKAN: "ON" },
      tools: "glslc shaderc v2023.8, spirv-tools v2023.6, glslang 11.1.0-1; Vulkan headers 1.4.309; SPIRV-Headers 1.5.5",
    });
  });

  it("wants headers that are new enough", async () => {
    await vulkan([1, 3, 239]);
    expect(await refusal("vulkan")).toMatch(/^--backend vulkan cannot be built: \S+vulkan_core\.h is 1\.3\.239, where 1\.3\.275 is needed \(Vulkan headers\); install the Vulkan SDK \(https:\/\/vulkan\.lunarg\.com\), and set VULKAN_SDK$/);
  });

  it.each([["exit 3", /glslc does not run: .*exit code 3/], ["echo nothing", /glslc does not say its version/]])("wants tools that say who they are: %s", async (body, says) => {
    await vulkan([1, 4, 309], body);
    expect(await refusal("vulkan")).toMatch(says);
  });

  it.each([["cuda", /nvcc is not on the PATH.*CUDA toolkit/], ["hip", /hipcc is not on the PATH.*ROCm/], ["sycl", /icpx is not on the PATH.*oneAPI/]] as const)("without its compiler is refused: %s", async (backend, says) => {
    expect(await refusal(backend)).toMatch(says);
  });

  it.skipIf(process.platform === "darwin")("of another system is refused", async () => expect(await refusal("metal")).toMatch(/^--backend metal is there on macOS alone; give --backend native, portable, vulkan, cuda, hip, sycl, rpc$/));

  it("says for which cards it is: those that were asked for, else those that are there, else the usual", async () => {
    await script("nvcc", "echo 'Cuda compilation tools, release 13.0, V13.0.88'");
    const toolkit = await temporaryFolder();
    vi.stubEnv("CUDA_PATH", toolkit);
    await mkdir(path.join(toolkit, "include"));
    const header = path.join(toolkit, "include", "cublas_api.h");
    await writeFile(header, "");
    expect(await refusal("cuda")).toMatch(/cublas_api\.h does not say its version.*cuBLAS.*CUDA toolkit/);
    await writeFile(header, "#define CUBLAS_VER_MAJOR 13\n#define CUBLAS_VER_MINOR 1\n#define CUBLAS_VER_PATCH 0\n");
    const architectures = async (): Promise<string | undefined> => (await backendFlavour("cuda", release))?.options["CMAKE_CUDA_ARCHITECTURES"];
    expect(await architectures()).toBe("75-virtual;80-virtual;86-real;89-real;90-virtual");
    await script("nvidia-smi", "echo 9.0; echo 8.6; echo 9.0");
    expect(await architectures()).toBe("86;90");
    // One that knows neither of a newer card nor of all that are usual: the driver makes code of what it knows.
    await script("nvidia-smi", "echo 12.0");
    await script("nvcc", 'if [ "$1" = --list-gpu-arch ]; then for known in 75 80 86; do echo compute_$known; done; else echo "Cuda compilation tools, release 13.0, V13.0.88"; fi');
    expect(await architectures()).toBe("75-virtual;80-virtual;86-real");
    vi.stubEnv("CUDAARCHS", "120");
    expect(await architectures()).toBe("120");
    expect((await backendFlavour("cuda", release))?.options).toMatchObject({ GGML_CUDA: "ON", GGML_CUDA_FA: "OFF", GGML_CUDA_NCCL: "OFF" });
    expect((await backendFlavour("cuda", release))?.tools).toBe("nvcc 13.0.88; cuBLAS 13.1.0");
  });

  it("compiles nothing of what programs are told to leave off, and links nothing that happens to be there", async () => {
    await script("hipcc", "echo 'HIP version: 6.2.41133'");
    expect((await backendFlavour("hip", release))?.options).toEqual({ GGML_HIP: "ON", GGML_CUDA_FA: "OFF" });
  });

  it("needs a release with devices", async () => {
    await expect(backendFlavour("rpc", { tag: "b2329", lacks: ["devices"] })).rejects.toThrow(/^--backend rpc: llama\.cpp b2329 is built for this processor alone; use .*--release/);
  });
});

it("the backend is the option's, else the study's, else the machine's", () => {
  vi.stubEnv("QUANTFLEX_BACKEND", "");
  expect(askedBackend(undefined)).toBe("native");
  vi.stubEnv("QUANTFLEX_BACKEND", "cuda");
  expect([askedBackend(undefined), askedBackend(undefined, "vulkan"), askedBackend("rpc", "vulkan")]).toEqual(["cuda", "vulkan", "rpc"]);
  vi.stubEnv("QUANTFLEX_BACKEND", "gpu");
  expect(() => askedBackend(undefined)).toThrow(/^QUANTFLEX_BACKEND=gpu is no backend; there are native, portable, vulkan/);
});

describe("a portable build", () => {
  it.runIf(["x64", "arm64"].includes(process.arch))("is of one level of processors, and has the same key on all of them", async () => {
    expect((await backendFlavour("portable", release))?.options).toMatchObject({ GGML_NATIVE: "OFF" });
    const x64 = "avx avx2 bmi2 f16c fma sse4_2";
    const all = `asimddp asimdhp ${x64}`;
    const [older, newer] = [portableCpu({ description: "older", features: `cpu ${all}` }), portableCpu({ description: "newer", features: `cpu ${all} avx512f sve` })];
    expect(newer.features).toBe(older.features);
  });

  it.runIf(process.platform === "linux")("is refused where the processor lacks something", () => {
    expect(() => portableCpu({ description: "old one", features: "cpu sse4_2" })).toThrow(/^--backend portable makes programs for processors with .*, of which old one lacks .*; give --backend native$/);
  });
});
