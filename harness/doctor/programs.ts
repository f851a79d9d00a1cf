import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import semver from "semver";
import { projectRoot } from "../paths.ts";
import { reasonOf } from "../process/reason.ts";
import { run } from "../process/run.ts";
import { which } from "../process/which.ts";
import { withScratch } from "../scratch.ts";
import { type Finding, good, missing, optional } from "./finding.ts";
import { installCommand } from "./install.ts";

/** What upstream's CMakeLists.txt asks for. */
const leastCmake = "3.14.0";

/** Node.js, compilers, what drives them, and the other programs that are started. */
export async function lookAtPrograms(signal: AbortSignal): Promise<Finding[]> {
  return [
    lookAtNode(),
    await lookAtCompiler("C compiler", "CC", ["cc", "gcc", "clang"], { language: "c", text: "#include <math.h>\nint main(void) { return (int) sqrt(0); }\n", options: [] }, signal),
    await lookAtCompiler("C++ compiler", "CXX", ["c++", "g++", "clang++"], { language: "c++", text: "#include <filesystem>\nint main() { return std::filesystem::path().empty() ? 0 : 1; }\n", options: ["-std=c++17"] }, signal),
    await lookAtCmake(signal),
    await lookAtMake(signal),
    await lookAtProgram("git", "git", (found) => missing("git", found, installCommand("git")), signal),
    await lookAtProgram("ccache", "ccache", (found) => optional("ccache", `${found}: builds that were made before are compiled again`, installCommand("ccache")), signal),
    await lookAtProgram("xz", "xz", (found) => optional("xz", `${found}: compressed sizes are left out of the tables`, installCommand("xz")), signal),
  ];
}

function lookAtNode(): Finding {
  const { engines } = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8")) as { engines: { node: string } };
  return semver.satisfies(process.version, engines.node) ? good("Node.js", process.version) : missing("Node.js", `${process.version}, where ${engines.node} is needed`, "install Node.js 20 or newer (https://nodejs.org)");
}

/** First line of what a program says of its version. @throws ProcessError when it does not run */
async function versionOf(program: string, signal: AbortSignal): Promise<string> {
  return (await run(program, ["--version"], { signal })).stdout.split("\n")[0]!.trim();
}

async function lookAtProgram(of: string, name: string, lack: (found: string) => Finding, signal: AbortSignal): Promise<Finding> {
  const program = which(name);
  if (!program) return lack("not on the PATH");
  return versionOf(program, signal).then((version) => good(of, `${version} (${program})`), (error: unknown) => lack(`${program} does not run: ${reasonOf(error)}`));
}

/** A compiler that has its standard library compiles and links a small program. */
async function lookAtCompiler(of: string, variable: "CC" | "CXX", names: string[], { language, text, options }: { language: string; text: string; options: string[] }, signal: AbortSignal): Promise<Finding> {
  const asked = process.env[variable];
  const program = asked ? which(asked) : which(...names);
  if (!program) return asked ? missing(of, `${variable}=${asked} is no program`, `unset ${variable}, or name one program in it, without arguments`) : missing(of, `none on the PATH (${names.join(", ")})`, installCommand("compiler"));
  return withScratch(path.join(tmpdir(), "quantflex"), "doctor", async (folder) => {
    try {
      const version = await versionOf(program, signal);
      await writeFile(path.join(folder, "source"), text);
      await run(program, [...options, "-x", language, "source", "-o", "program", "-lm"], { cwd: folder, signal });
      return good(of, `${version} (${program})`);
    } catch (error) {
      signal.throwIfAborted();
      return missing(of, `${program} does not compile a small program: ${reasonOf(error)}`, installCommand("compiler"));
    }
  });
}

async function lookAtCmake(signal: AbortSignal): Promise<Finding> {
  const found = await lookAtProgram("CMake", "cmake", (said) => missing("CMake", said, installCommand("cmake")), signal);
  const version = semver.coerce(found.found);
  if (found.verdict !== "good" || (version && semver.gte(version, leastCmake))) return found;
  return missing("CMake", `${found.found}, where ${leastCmake} is needed`, installCommand("cmake"));
}

async function lookAtMake(signal: AbortSignal): Promise<Finding> {
  const name = which("ninja") ? "ninja" : "make";
  return lookAtProgram("make or ninja", name, (found) => missing("make or ninja", found, installCommand("make")), signal);
}
