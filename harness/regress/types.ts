import type { BackendName } from "../build/backends.ts";
import type { Build } from "../build/build.ts";
import type { Project } from "../upstream/project.ts";
import type { Release } from "../upstream/releases.ts";

/** Names of the checks, in the order they run in. */
export const checkNames = ["patches", "bytes", "likelihoods", "devices", "tests", "schemes", "speed"] as const;

/** Name of a check, as `--only` takes it. */
export type CheckName = (typeof checkNames)[number];

/**
 * What a check came to. `holds` and `warned` let the patch pass, `regressed` does not; `undecided`
 * means that the comparison could not be made, for example as upstream itself failed.
 */
export type Verdict = "holds" | "warned" | "regressed" | "undecided";

/** What a check found. */
export interface Outcome {
  verdict: Verdict;
  /** The check's figure with its unit, such as "224 files, 0 differ". */
  figure: string;
  /** One line for each thing that is not as it should be, and for what a reader should know. */
  details: string[];
}

/** A check's outcome under its name. */
export interface CheckResult extends Outcome {
  name: CheckName;
  /** What the check asks, in one sentence. */
  title: string;
  /** Wall time in seconds. */
  seconds: number;
}

/** A model to compare on, in F32, F16 or BF16. */
export interface TestModel {
  /** Short name for messages and file names. */
  name: string;
  path: string;
}

/** What the checks share. */
export interface RegressContext {
  project: Project;
  release: Release;
  /** Release with base patches. Both builds have no programs where no check asked for some. */
  upstream: Build;
  /** Release with base patches and hooks. */
  patched: Build;
  /** The demo model, and the one that was asked for. */
  models: readonly TestModel[];
  /** Path of the text to measure on, UTF-8. */
  text: string;
  /** N, where a check compares 1 with N threads. */
  threads: number;
  /** What `devices` compares on besides an RPC server; a backend without devices for nothing. */
  backend: BackendName;
  /** Name of its device; the first by default. */
  device: string | undefined;
  /** After how long a silence a program is taken for one that hangs, as of `run`. */
  stallSeconds: number | undefined;
  /** Existing folder for what checks write, shared by all of them; removed when the last has ended. */
  folder: string;
  /** Whether a slower patched build is a regression and not only a warning. */
  failOnSpeed: boolean;
  /** Cells of the thesis's study that `schemes` measures, as `selectCells` takes them; undefined for all. */
  cells: string | undefined;
  /** Whether results/reference/ is made anew from what is measured. */
  writeReference: boolean;
  signal: AbortSignal;
  /** Says what is being done, and the part that is done, 0…1. */
  report(text: string, fraction?: number): void;
}

/** The context of a run, before it is given to a check. */
export type SharedContext = Omit<RegressContext, "report">;

/** One of the checks of patched against upstream. */
export interface Check {
  name: CheckName;
  title: string;
  /** Programs that it needs of both builds of a release; none if it looks at sources only. */
  targets(project: Project, release: Release): Promise<string[]>;
  /** @throws {Error} with the name `AbortError` when the signal fires */
  run(context: RegressContext): Promise<Outcome>;
}

/** What a regression run came to. */
export interface RegressReport {
  verdict: Verdict;
  /** Why there was nothing to compare, such as a build that failed; null when there was. */
  fault: string | null;
  /** Tag, or what was asked for when it is none. */
  release: string;
  date: string;
  compiler: string | null;
  cmakeFlags: string[] | null;
  cpu: string | null;
  trees: { upstream: string | null; patched: string | null };
  libraryHash: string | null;
  models: string[];
  threads: number;
  seconds: number;
  checks: CheckResult[];
}

/** What a regression run shall do; everything has a default. */
export interface RegressRequest {
  /** Tag of the release, or "newest" for the newest that the registry has; the pin by default. */
  release?: string;
  /** Another model to compare on besides the demo model. */
  model?: string;
  /** Text to measure likelihoods on; the demo model's held-out text by default. */
  text?: string;
  /** Checks to run; all by default. */
  only?: readonly CheckName[];
  /** N of "1 and N threads"; all processors by default. */
  threads?: number;
  /** Minutes after which a silent program is taken for one that hangs, ten by default; 0 for never. */
  stallLimit?: number;
  failOnSpeed?: boolean;
  /** Backend and device on which own files are compared besides an RPC server; none by default. */
  backend?: BackendName;
  device?: string;
  /** Cells of the thesis's study that `schemes` measures, as `selectCells` takes them; all by default, and for a reference. */
  cells?: string;
  writeReference?: boolean;
  /** Other folders than this checkout's. */
  project?: Project;
  /** Programs to compare instead of those that are built. */
  builds?: Partial<Record<"upstream" | "patched", Build>>;
}
