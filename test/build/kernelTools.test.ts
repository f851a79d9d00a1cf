import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it, vi } from "vitest";
import { compile } from "../../harness/build/cmake.ts";
import { findToolchain } from "../../harness/build/toolchain.ts";
import { temporaryFolder } from "../support/temporary.ts";

const cmakeLists = `cmake_minimum_required(VERSION 3.14)
project(kernels NONE)
file(WRITE \${CMAKE_BINARY_DIR}/said "\${Vulkan_GLSLC_EXECUTABLE} $ENV{CUDACXX} $ENV{CUDAHOSTCXX} [$ENV{NVCC_APPEND_FLAGS}$ENV{CUDAFLAGS}]")
add_custom_target(tool)
`;

it("makes kernels with the PATH's tools, whose versions are in the key, whatever variables say", async () => {
  const folder = await temporaryFolder();
  const bin = path.join(folder, "bin");
  const workspace = path.join(folder, "workspace");
  await mkdir(bin);
  for (const name of ["glslc", "nvcc"]) {
    await writeFile(path.join(bin, name), "#!/bin/sh\n");
    await chmod(path.join(bin, name), 0o755);
  }
  await mkdir(path.join(workspace, "source"), { recursive: true });
  await writeFile(path.join(workspace, "source", "CMakeLists.txt"), cmakeLists);
  vi.stubEnv("PATH", `${bin}${path.delimiter}${process.env["PATH"]}`);
  vi.stubEnv("CUDACXX", "/another/nvcc");
  vi.stubEnv("NVCC_APPEND_FLAGS", "-O0");
  vi.stubEnv("CUDAFLAGS", "-O0");
  vi.stubEnv("VULKAN_SDK", "/another/sdk");
  const toolchain = await findToolchain();
  const said = async (options: Record<string, string>): Promise<string> => {
    await compile({ workspace, toolchain, options, targets: ["tool"], report: () => {} });
    return readFile(path.join(workspace, "build", "said"), "utf8");
  };
  expect(await said({ GGML_VULKAN: "ON" })).toBe(`${path.join(bin, "glslc")} ${path.join(bin, "nvcc")} ${toolchain.cxx} []`);
});
