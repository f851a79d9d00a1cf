import { existsSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import semver from "semver";
import { run } from "../process/run.ts";
import { reasonOf } from "../process/reason.ts";
import { which } from "../process/which.ts";
import { type BackendName, backends, type Tool } from "./backends.ts";

/** A tool that was looked for. */
export interface FoundTool {
  tool: Tool;
  /** What it says of its version; null when it is not there, or says none. */
  version: string | null;
  /** Why it will not do; null when it will. */
  fault: string | null;
}

/** Looks for everything that a backend is built with; nothing is compiled. */
export async function lookForTools(name: BackendName, signal?: AbortSignal): Promise<FoundTool[]> {
  return Promise.all(backends[name].tools.map((tool) => look(tool, signal)));
}

async function look(tool: Tool, signal?: AbortSignal): Promise<FoundTool> {
  const lack = (fault: string): FoundTool => ({ tool, version: null, fault });
  const said = await saidBy(tool, signal);
  if ("fault" in said) return lack(said.fault);
  const version = tool.version.flatMap((part) => part.exec(said.text)?.slice(1) ?? []).join(tool.between ?? ".");
  if (version === "") return lack(`${said.where} does not say its version`);
  const number = semver.coerce(version);
  if (tool.least !== undefined && number && semver.lt(number, semver.coerce(tool.least)!)) return { tool, version, fault: `${said.where} is ${version}, where ${tool.least} is needed` };
  return { tool, version, fault: null };
}

type Said = { text: string; where: string } | { fault: string };

async function saidBy({ said }: Pick<Tool, "said">, signal?: AbortSignal): Promise<Said> {
  if ("programs" in said) {
    const program = which(...said.programs);
    if (!program) return { fault: `${said.programs[0]!} is not on the PATH` };
    return run(program, [...said.arguments], signal ? { signal } : {}).then(
      ({ stdout, stderr }) => ({ text: `${stdout}\n${stderr}`, where: program }),
      (error: unknown) => {
        signal?.throwIfAborted();
        return { fault: `${program} does not run: ${reasonOf(error)}` };
      },
    );
  }
  const places = "header" in said ? roots().map((root) => path.join(root, "include", said.header)) : roots().flatMap((root) => configsOf(root, said.cmakePackage));
  const file = places.find((place) => existsSync(place));
  if (file === undefined) return { fault: `there is no ${"header" in said ? said.header : `${said.cmakePackage}Config.cmake`} in ${roots().join(", ")}` };
  return { text: readFileSync(file, "utf8"), where: file };
}

/** Where headers and packages are looked for, those that somebody named first. */
function roots(): string[] {
  const { VULKAN_SDK, CUDA_PATH, CMAKE_PREFIX_PATH } = process.env;
  const nvcc = which("nvcc");
  const named = [VULKAN_SDK, nvcc && path.dirname(path.dirname(realpathSync(nvcc))), CUDA_PATH, ...(CMAKE_PREFIX_PATH?.split(path.delimiter) ?? [])];
  return [...new Set([...named, "/usr/local/cuda", "/usr/local", "/usr", "/opt/homebrew"])].filter((root): root is string => Boolean(root));
}

function configsOf(root: string, name: string): string[] {
  return ["share/cmake", "lib/cmake", "lib64/cmake"].map((folder) => path.join(root, folder, name, `${name}ConfigVersion.cmake`));
}
