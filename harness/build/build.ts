import path from "node:path";
import { UserError } from "../errors.ts";
import { withLock } from "../process/lock.ts";
import { knownCommit } from "../upstream/patches.ts";
import { lockFile, thisProject, type Project } from "../upstream/project.ts";
import { releaseNamed, type Feature, type Release } from "../upstream/releases.ts";
import type { Variant } from "../upstream/series.ts";
import { ensureSource } from "../upstream/source.ts";
import { patchedWorktree } from "../upstream/worktree.ts";
import { type BackendName, backends } from "./backends.ts";
import { compile } from "./cmake.ts";
import { refuseNoexec, refuseUnexecutable } from "./executable.ts";
import { cmakeFlags } from "./flags.ts";
import type { Flavour } from "./flavour.ts";
import { buildKey, gatherInputs, sharingOptions, workspaceName, type BuildInputs } from "./inputs.ts";
import { copyLibrary } from "./library.ts";
import { readRecord, storeBuild, type BuildRecord } from "./record.ts";

export type { Variant } from "../upstream/series.ts";

/** The programs that a study's steps run. */
export const studyPrograms: string[] = ["llama-quantize", "llama-perplexity", "llama-imatrix"];

/** The program that lists a backend's devices. */
export const listingProgram = "llama-bench";

/** Those of a study, of which some cells have error feedback; of a backend with devices also what lists them. */
export function targetsOf(hasFeedback: boolean, backend: BackendName = "native"): string[] {
  return [...studyPrograms, ...(hasFeedback ? ["llama-moments"] : []), ...(backends[backend].hasDevices ? [listingProgram] : [])];
}

/** Those, and what speed is measured with. */
const defaultTargets: string[] = [...studyPrograms, "llama-bench"];

/** Binaries of one variant, and everything that they were made of. */
export interface Build {
  variant: Variant;
  /** Tag of the release. */
  release: string;
  /** sha256 over all that decides what the binaries do: trees, library, compiler, flags, processor. */
  key: string;
  /** Folder that holds the binaries. */
  folder: string;
  /** Hash of the patched source tree. */
  tree: string;
  /** sha256 of the library's sources; "none" for the upstream variant. */
  libraryHash: string;
  /** Names, versions and targets of both compilers. */
  compiler: string;
  cmakeFlags: string[];
  /** Model of the processor and a hash of its features. */
  cpu: string;
  /** Architecture and instruction set extensions of the processor. */
  features: string;
  backend: BackendName;
  /** Versions of what decides kernels beside compilers and flags; null where nothing does. */
  tools: string | null;
  /** Whether the release can do something. */
  supports(feature: Feature): boolean;
  /** Path of a program, by its name today. @throws {UserError} one that was not asked for */
  binary(name: string): string;
}

/** Options of {@link ensureBuild}. */
export interface BuildOptions {
  /** The pin by default. */
  release?: Release;
  /** {@link defaultTargets} by default. */
  targets?: string[];
  /** What it computes on; this machine's processor by default. */
  backend?: BackendName;
  /** Other compilers or more CMake options than a backend's; its builds are kept apart. */
  flavour?: Flavour;
  /** Called with what is being done, and for compiling with the part that is done, 0…1. */
  report?: (message: string, fraction?: number) => void;
  signal?: AbortSignal;
  /** Other folders than this checkout's. */
  project?: Project;
}

/**
 * Makes sure that a variant's binaries are there, and builds them if not: in a workspace for
 * release, compiler and flags that is built in incrementally, under a lock, so that processes
 * that ask for the same at once wait for one of them. Both variants share it: what they differ in, a few
 * files, is compiled for each. Binaries that are there and whole cost no build.
 *
 * @throws {UserError} no compiler, CMake, make or git, or what the backend needs; no source; patches that do not apply
 * @throws {ProcessError} the compiler's error
 * @throws {Error} with the name `AbortError` when aborted
 */
export async function ensureBuild(variant: Variant, options: BuildOptions = {}): Promise<Build> {
  const { project = thisProject(), targets = defaultTargets, report = () => {}, signal } = options;
  signal?.throwIfAborted();
  const release = options.release ?? (await releaseNamed(undefined, project));
  const named = targets.map((target) => programName(release, target));
  const inputs = await gatherInputs({ project, release, variant, targets: named, backend: options.backend, flavour: options.flavour }, signal);
  const known = await knownCommit(project, release, variant);
  const present = known && (await look(inputs, known.tree));
  if (present) return runnable(present, targets);
  refuseNoexec(project.cache);

  const workspace = path.join(project.cache, "builds", workspaceName(inputs));
  return withLock(
    lockFile(project, `build-${path.basename(workspace)}`),
    async (held) => {
      await ensureSource(release, report, project);
      const { tree } = await patchedWorktree(release, variant, path.join(workspace, "source"), { project, report });
      const built = await look(inputs, tree);
      return built ?? make(inputs, workspace, tree, report, held);
    },
    { signal, onWait: () => report(`waiting for another process that builds llama.cpp ${release.tag} (${variant})`) },
  );
}

/**
 * The build that {@link ensureBuild} would give, without making it: nothing is fetched, patched or compiled.
 *
 * @returns the build, and whether its programs are there; null where the patches were never applied to the release on this
 *   machine, so that the tree that they make is not known
 * @throws {UserError} no compiler, CMake, make or git, or what the backend needs
 */
export async function findBuild(variant: Variant, options: Omit<BuildOptions, "report"> = {}): Promise<{ build: Build; isThere: boolean } | null> {
  const { project = thisProject(), targets = defaultTargets, signal } = options;
  const release = options.release ?? (await releaseNamed(undefined, project));
  const inputs = await gatherInputs({ project, release, variant, targets: targets.map((target) => programName(release, target)), backend: options.backend, flavour: options.flavour }, signal);
  const known = await knownCommit(project, release, variant);
  if (!known) return null;
  const present = await look(inputs, known.tree);
  if (present) return { build: runnable(present, targets), isThere: true };
  const key = buildKey(inputs, known.tree);
  return { build: toBuild(release, binariesFolder(project, key), { ...factsOf(inputs, key, known.tree), binaries: {} }), isThere: false };
}

/** @throws UserError a program that is there cannot be started */
function runnable(build: Build, targets: readonly string[]): Build {
  for (const target of targets) refuseUnexecutable(build.binary(target));
  return build;
}

/** Folder of a build's programs. */
export function binariesFolder(project: Project, key: string): string {
  return path.join(project.cache, "binaries", key);
}

async function look(inputs: BuildInputs, tree: string): Promise<Build | undefined> {
  const key = buildKey(inputs, tree);
  const folder = binariesFolder(inputs.project, key);
  const record = await readRecord(folder, key, inputs.targets);
  return record && toBuild(inputs.release, folder, record);
}

async function make(inputs: BuildInputs, workspace: string, tree: string, report: BuildOptions["report"] & {}, signal: AbortSignal): Promise<Build> {
  const { project, release, variant, targets, toolchain, options } = inputs;
  const library = variant === "patched" ? await copyLibrary(project, workspace, targets, inputs) : "";
  const label = `llama.cpp ${release.tag} (${variant})`;
  await compile({
    workspace,
    toolchain,
    targets,
    signal,
    options: {
      // CMake remembers what an earlier build in the workspace was given.
      ...sharingOptions,
      ...options,
      // Upstream leaves its tests out of builds that cmake-js signs.
      ...(targets.some((target) => target.startsWith("test-")) ? { LLAMA_BUILD_TESTS: "ON", CMAKE_JS_VERSION: "" } : { LLAMA_BUILD_TESTS: "OFF" }),
      PABLO_DIR: library,
    },
    report: (message, fraction) => report(`${message} ${label}`, fraction),
  });
  const key = buildKey(inputs, tree);
  const folder = binariesFolder(project, key);
  return toBuild(release, folder, await storeBuild(folder, path.join(workspace, "build", "bin"), factsOf(inputs, key, tree), targets));
}

function factsOf({ variant, release, libraryHash, toolchain, options, cpu, backend, tools }: BuildInputs, key: string, tree: string): Omit<BuildRecord, "binaries"> {
  return { variant, release: release.tag, key, tree, libraryHash, compiler: toolchain.identity, cmakeFlags: cmakeFlags(options), cpu: cpu.description, features: cpu.features, backend, tools };
}

/** Name of a program in a release. */
export function programName(release: Release, target: string): string {
  return release.programs?.[target] ?? target;
}

/** A build from what is written down of it. */
export function toBuild(release: Release, folder: string, { binaries, ...facts }: BuildRecord): Build {
  return {
    ...facts,
    folder,
    supports: (feature) => !release.lacks?.includes(feature),
    binary(name) {
      const file = programName(release, name);
      if (file in binaries) return path.join(folder, file);
      throw new UserError(`${name} was not built for ${facts.release} (${facts.variant}). There are ${Object.keys(binaries).join(", ")}.`);
    },
  };
}
