import { UserError } from "../errors.ts";
import { installCommand } from "../process/install.ts";
import { run } from "../process/run.ts";
import { which } from "../process/which.ts";
import { backendNames } from "../study/backendNames.ts";
import type { Release } from "../upstream/releases.ts";
import { type BackendName, backends } from "./backends.ts";
import { type FoundTool, lookForTools } from "./backendTools.ts";
import { portableOptions } from "./portable.ts";
import type { Toolchain } from "./toolchain.ts";

/** How a build differs from a study's usual one: by more CMake options, and maybe other compilers. */
export interface Flavour {
  /** Added to the options of every build, name → value. */
  options: Record<string, string>;
  /** This machine's compilers by default. */
  compilers?: Pick<Toolchain, "c" | "cxx">;
  /** What it computes on; this machine's processor by default. */
  backend?: BackendName;
  /** Versions of what decides its kernels beside compilers and flags. */
  tools?: string;
}

/** For which cards code is made where none is at hand: of each since 2018, of newer ones by their drivers. */
const usualCudaArchitectures = ["75-virtual", "80-virtual", "86-real", "89-real", "90-virtual"];

/**
 * The flavour of a backend, once everything that it needs has been found.
 *
 * @returns undefined for this machine's processor, which needs nothing
 * @throws UserError naming what is missing or too old and how to get it; a release without devices
 */
export async function backendFlavour(name: BackendName, release: Pick<Release, "tag" | "lacks">, signal?: AbortSignal): Promise<Flavour | undefined> {
  if (name === "native") return undefined;
  const { options, compilers } = backends[name];
  if (release.lacks?.includes("devices")) throw new UserError(`--backend ${name}: llama.cpp ${release.tag} is built for this processor alone; use a newer --release, or --backend native`);
  const onlySystem = otherSystemOf(name);
  if (onlySystem !== null) throw new UserError(`--backend ${name} is there on ${onlySystem} alone; ${anotherThan(name)}`);
  const tools = await lookForTools(name, signal);
  const lacking = tools.find(({ fault }) => fault !== null);
  if (lacking) throw new UserError(`--backend ${name} cannot be built: ${lacking.fault} (${lacking.tool.name}); ${wayTo(name, lacking)}`);
  const [c, cxx] = [compilers && which(compilers.c), compilers && which(compilers.cxx)];
  return {
    backend: name,
    options: { ...options, ...(name === "portable" && portableOptions()), ...(name === "cuda" && { CMAKE_CUDA_ARCHITECTURES: await architectures(signal) }) },
    ...(c && cxx && { compilers: { c, cxx } }),
    ...(tools.length > 0 && { tools: tools.map(({ tool, version }) => `${tool.name} ${version}`).join("; ") }),
  };
}

/** The only system that has a backend, where it is another than this; else null. */
export function otherSystemOf(name: BackendName): string | null {
  const { platform } = backends[name];
  if (platform === undefined || process.platform === platform) return null;
  return platform === "darwin" ? "macOS" : platform;
}

/** The way out for whoever asked for a backend that this machine cannot have. */
export function anotherThan(name: BackendName): string {
  return `give --backend ${backendNames.filter((other) => other !== name && otherSystemOf(other) === null).join(", ")}`;
}

/** How a tool of a backend is got; what is there and too old has come from the package manager, which is asked no second time. */
export function wayTo(name: BackendName, { version }: Pick<FoundTool, "version">): string {
  const { packages, otherwise } = backends[name];
  return version === null ? installCommand(packages, otherwise) : otherwise;
}

/** For which cards code is made: CMake's own variable, else the cards that are there, else the usual ones, as far as nvcc knows them. */
async function architectures(signal?: AbortSignal): Promise<string> {
  const asked = process.env["CUDAARCHS"];
  if (asked) return asked;
  const known = await saidBy("nvcc", ["--list-gpu-arch"], /^compute_(\d+)$/gm, signal);
  const knows = (architecture: string): boolean => known.length === 0 || known.includes(String(Number.parseInt(architecture, 10)));
  const cards = (await saidBy("nvidia-smi", ["--query-gpu=compute_cap", "--format=csv,noheader"], /^(\d+\.\d+)$/gm, signal)).map((capability) => capability.replace(".", "")).sort();
  return (cards.length > 0 && cards.every(knows) ? cards : usualCudaArchitectures.filter(knows)).join(";");
}

/** The different words that a program prints; none where it is not there or fails. */
async function saidBy(name: string, argumentList: string[], word: RegExp, signal?: AbortSignal): Promise<string[]> {
  const program = which(name);
  const said = program ? await run(program, argumentList, signal ? { signal } : {}).catch(() => null) : null;
  signal?.throwIfAborted();
  return [...new Set([...(said?.stdout ?? "").matchAll(word)].map(([, found]) => found!))];
}
