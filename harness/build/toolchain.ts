import { UserError } from "../errors.ts";
import { run } from "../process/run.ts";
import { which } from "../process/which.ts";

/** The programs a build is made with. */
export interface Toolchain {
  /** Full path of the C compiler. */
  c: string;
  /** Full path of the C++ compiler. */
  cxx: string;
  /** Both compilers' first line of `--version`, with their target machine: what their output depends on. */
  identity: string;
  /** CMake's generator. */
  generator: "Ninja" | "Unix Makefiles";
}

const remedy =
  process.platform === "darwin"
    ? "Install Apple's command line tools (xcode-select --install) and CMake (brew install cmake)."
    : "Install a compiler, CMake and make or ninja (on Debian and Ubuntu: apt-get install build-essential cmake).";

/**
 * Finds the compilers (`$CC` and `$CXX`, else as CMake would), CMake, and Ninja or else make.
 *
 * @param given paths of compilers to take instead
 * @throws {UserError} naming what is missing, and how to get it
 */
export async function findToolchain(signal?: AbortSignal, given?: Pick<Toolchain, "c" | "cxx">): Promise<Toolchain> {
  const c = given?.c ?? compiler("C", "CC", ["cc", "gcc", "clang"]);
  const cxx = given?.cxx ?? compiler("C++", "CXX", ["c++", "g++", "clang++"]);
  if (!which("cmake")) throw new UserError(`cmake is not on the PATH. ${remedy}`);
  const ninja = which("ninja");
  if (!ninja && !which("make")) throw new UserError(`Neither ninja nor make is on the PATH. ${remedy}`);
  const [cIdentity, cxxIdentity] = await Promise.all([identify(c, signal), identify(cxx, signal)]);
  return { c, cxx, identity: `${cIdentity}; ${cxxIdentity}`, generator: ninja ? "Ninja" : "Unix Makefiles" };
}

function compiler(language: string, variable: "CC" | "CXX", names: string[]): string {
  const asked = process.env[variable];
  const found = asked ? which(asked) : which(...names);
  if (found) return found;
  if (asked) throw new UserError(`${variable}=${asked} is no program. It must be one name or path, without arguments.`);
  throw new UserError(`There is no ${language} compiler on the PATH (${names.join(", ")}). ${remedy}`);
}

async function identify(program: string, signal?: AbortSignal): Promise<string> {
  const options = signal ? { signal } : {};
  const [version, machine] = await Promise.all([
    run(program, ["--version"], options),
    run(program, ["-dumpmachine"], options),
  ]);
  return `${version.stdout.split("\n")[0]?.trim()} ${machine.stdout.trim()}`;
}
