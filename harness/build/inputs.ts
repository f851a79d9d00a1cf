import { hashText } from "../hash.ts";
import type { Project } from "../upstream/project.ts";
import type { Release } from "../upstream/releases.ts";
import type { Variant } from "../upstream/series.ts";
import type { BackendName } from "./backends.ts";
import { readCpu, type Cpu } from "./cpu.ts";
import { cmakeFlags, cmakeOptions } from "./flags.ts";
import { backendFlavour, type Flavour } from "./flavour.ts";
import { hashLibrary, type LibraryHashes } from "./library.ts";
import { portableCpu } from "./portable.ts";
import { findToolchain, type Toolchain } from "./toolchain.ts";

/** Everything that decides what a build is, but for the patched tree. */
export interface BuildInputs extends LibraryHashes {
  project: Project;
  release: Release;
  variant: Variant;
  targets: string[];
  toolchain: Toolchain;
  cpu: Cpu;
  /** CMake's options, name → value. */
  options: Record<string, string>;
  backend: BackendName;
  /** Versions of what decides kernels beside compilers and flags; null where nothing does. */
  tools: string | null;
}

type Wanted = Pick<BuildInputs, "project" | "release" | "variant" | "targets"> & { backend: BackendName | undefined; flavour: Flavour | undefined };

/** Looks at the machine and the project. @throws {UserError} see backendFlavour, findToolchain and hashLibrary */
export async function gatherInputs({ backend: asked = "native", flavour: given, ...wanted }: Wanted, signal?: AbortSignal): Promise<BuildInputs> {
  const flavour = given ?? (await backendFlavour(asked, wanted.release, signal));
  const [toolchain, cpu, hashes] = await Promise.all([
    findToolchain(signal, flavour?.compilers),
    readCpu(),
    wanted.variant === "patched" ? hashLibrary(wanted.project, wanted.targets) : { libraryHash: "none" },
  ]);
  const backend = flavour?.backend ?? "native";
  return { ...wanted, toolchain, cpu: backend === "portable" ? portableCpu(cpu) : cpu, ...hashes, options: { ...cmakeOptions(wanted.release), ...flavour?.options }, backend, tools: flavour?.tools ?? null };
}

/** Options that reach so few sources that builds with and without them share a workspace, and what they are where none is given. */
export const sharingOptions: Readonly<Record<string, string>> = { GGML_RPC: "OFF", GGML_RPC_RDMA: "OFF" };

/** Builds that share a name can be made in one workspace one after another, incrementally. */
export function workspaceName({ release, toolchain, cpu, options, tools }: BuildInputs): string {
  const decisive = Object.fromEntries(Object.entries(options).filter(([name]) => !(name in sharingOptions)));
  const parts = [toolchain.identity, toolchain.c, toolchain.cxx, toolchain.generator, cpu.features, cmakeFlags(decisive), ...(tools === null ? [] : [tools])];
  return `${release.tag}-${digest(parts).slice(0, 10)}`;
}

/** A build's key: targets do not count (but for tests of the library, which it has a hash of), nor does where things lie. */
export function buildKey({ variant, release, toolchain, cpu, libraryHash, testHash, options, tools }: BuildInputs, tree: string): string {
  return digest([variant, release.tag, tree, libraryHash, toolchain.identity, cmakeFlags(options), cpu.features, ...(testHash ? [testHash] : []), ...(tools === null ? [] : [tools])]);
}

function digest(value: unknown): string {
  return hashText(JSON.stringify(value));
}
