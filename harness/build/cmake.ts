import { existsSync } from "node:fs";
import { mkdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { loggedOutput } from "../process/processError.ts";
import { ProcessError, type ProcessResult, run, type RunOptions } from "../process/run.ts";
import { followBuild } from "./progress.ts";
import { which } from "../process/which.ts";
import type { Toolchain } from "./toolchain.ts";

/** What is compiled, and where. */
export interface CompileTask {
  /** Folder that holds `source` (the work tree) and gets `build` (CMake's tree). */
  workspace: string;
  toolchain: Toolchain;
  /** CMake options, name → value. */
  options: Record<string, string>;
  targets: string[];
  report: (message: string, fraction?: number) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Configures and builds targets with CMake, incrementally. cmake-js composes the command lines;
 * they are run as every other process is, so that they end with us and report their progress.
 *
 * @throws {ProcessError} with the compiler's last lines
 */
export async function compile(task: CompileTask): Promise<void> {
  const { workspace, toolchain, report, signal } = task;
  const out = path.join(workspace, "build");
  const marker = path.join(workspace, "unfinished");
  // make takes a file that was left half written for a finished one; ninja does not.
  if ((existsSync(marker) && toolchain.generator !== "Ninja") || (await wasMoved(out))) await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await writeFile(marker, "");

  const options: RunOptions = {
    cwd: out,
    env: { ...kernelVariables(toolchain), CCACHE_BASEDIR: workspace, CCACHE_NOHASHDIR: "1", NINJA_STATUS: undefined, CLICOLOR_FORCE: undefined },
    ...(signal && { signal }),
  };
  try {
    report("configuring the build");
    const { configure, build } = await commands(task, out);
    await logged(path.join(workspace, "configure.log"), run(configure.command, configure.args, options));
    report("compiling", 0);
    const onLine = followBuild((fraction) => report("compiling", fraction));
    await logged(path.join(workspace, "compile.log"), run(build.command, build.args, { ...options, onLine }));
  } finally {
    // Compilers that were stopped may have left half of a file; those that ended by themselves have not.
    if (!signal?.aborted) await rm(marker, { force: true });
  }
}

/** Variables that would choose compilers of kernels, or what these do, without being in a build's key: in it are the PATH's nvcc and the toolchain. */
function kernelVariables({ cxx }: Toolchain): Record<string, string | undefined> {
  const others = ["CUDAFLAGS", "HIPCXX", "HIPFLAGS", "NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS", "NVCC_CCBIN"];
  return { ...Object.fromEntries(others.map((name) => [name, undefined])), CUDACXX: which("nvcc"), CUDAHOSTCXX: cxx };
}

/** The same of a program that CMake would look for in an SDK first. */
function kernelPrograms(options: CompileTask["options"]): Record<string, string> {
  const glslc = options["GGML_VULKAN"] === "ON" ? which("glslc") : null;
  return glslc ? { Vulkan_GLSLC_EXECUTABLE: glslc } : {};
}

/** Whether a build tree was made by another path: it has that written all over it. */
async function wasMoved(out: string): Promise<boolean> {
  const cached = await readFile(path.join(out, "CMakeCache.txt"), "utf8").catch(() => "");
  const [, made] = /^CMAKE_CACHEFILE_DIR:INTERNAL=(.*)$/m.exec(cached) ?? [];
  return made !== undefined && made !== out && made !== (await realpath(out));
}

/** Keeps what a program wrote, whatever became of it. */
async function logged(log: string, running: Promise<ProcessResult>): Promise<void> {
  try {
    await writeFile(log, loggedOutput(await running));
  } catch (error) {
    if (error instanceof ProcessError) {
      await writeFile(log, error.output);
      error.log = log;
    }
    throw error;
  }
}

type Command = { command: string; args: string[] };

async function commands({ workspace, toolchain, options, targets }: CompileTask, out: string): Promise<{ configure: Command; build: Command }> {
  const shared = {
    directory: path.join(workspace, "source"),
    out,
    config: "Release" as const,
    generator: toolchain.generator,
    cCompilerPath: toolchain.c,
    cppCompilerPath: toolchain.cxx,
    isNodeApi: true as const,
    noLog: true as const,
  };
  // Last on the line, so that they prevail over what cmake-js sets for add-ons of Node.
  const extra = Object.entries({ ...options, ...kernelPrograms(options) }).map(([name, value]) => `-D${name}=${value}`);
  const { default: cmakeJs } = await import("cmake-js");
  const configure = await new cmakeJs.CMake({ ...shared, extraCMakeArgs: extra }).getConfigureCommand();
  const build = await new cmakeJs.CMake({
    ...shared,
    // A cluster that does not bind its jobs to processors gives them fewer all the same.
    parallel: Math.min(availableParallelism(), Number(process.env["SLURM_CPUS_PER_TASK"]) || Infinity),
    extraCMakeArgs: ["--target", ...targets],
  }).getBuildCommand();
  return { configure: split(configure), build: split(build.map(String)) };
}

function split([command = "cmake", ...args]: string[]): Command {
  return { command, args };
}
