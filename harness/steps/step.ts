import type { z } from "zod";
import type { Build } from "../build/build.ts";
import type { Gguf } from "../gguf/read.ts";
import type { ProcessResult, RunOptions } from "../process/run.ts";
import type { Cell, Study } from "../study/types.ts";
import type { Device } from "./devices.ts";
import type { KnownSizes } from "./room.ts";
import type { Settings } from "./settings.ts";

/** What a file is to a step, such as `model`, `text`, `quantized`; in a key it stands for the file's path. */
export type Role = string;

/** Where each role's file lies. */
export type Paths = Readonly<Record<Role, string>>;

/** What steps run on. */
export interface Target {
  build: Build;
  /** What models are computed on; absent for the processor. Quantizing is the processor's always. */
  device?: Device;
  /** Threads of each program, as an argument. */
  threads: string;
  /** How many cells go on at the same time, this one included: in all, and on the device. Absent of one alone. */
  atOnce?: { inAll: number; onDevice: number };
  /** Bytes that second moments may take while they are collected. */
  memory: number;
  /** Version of the program xz; null where there is none. */
  xz: string | null;
  /** After how long a silence a program is taken for one that hangs; as of `run`. */
  stallSeconds?: number;
}

/** A part of an evaluation: chunks from a batch's first on. */
export interface Part {
  first: number;
  /** Null for all to the end. */
  count: number | null;
}

/** What decides whether and how a step is part of a cell. */
export interface CellContext {
  cell: Cell;
  study: Study;
  settings: Settings;
  /** The model that is quantized. */
  gguf: Gguf;
  /** What is known of the files that the study names for steps of their own, by field; and of an importance matrix that was given, by its role. */
  files: Readonly<Record<string, object>>;
}

/** A file that a study names by a field, for a step that is then part of each of its cells; the field is its role. */
export interface StepFile {
  field: string;
  /** What a study may write there. */
  says: string;
  /**
   * What has to be known of it.
   *
   * @param name for messages
   * @throws ParseError naming the file and what is wrong in it
   */
  check(name: string, bytes: Buffer): object;
}

/** What a running step needs of the program around it. */
export interface Tools {
  /** A folder of the step's own, empty at first. What it gives is left there, by the name of its role. */
  folder: string;
  /** A file that outlives the run and grows from one to the next; of a step that has `grows`. */
  growing: string;
  signal: AbortSignal;
  /**
   * Runs one of the build's programs in the step's folder. What it printed is kept, whatever comes of it.
   *
   * @param argv its name, and its arguments
   */
  run(argv: readonly string[], options?: Pick<RunOptions, "onLine" | "onText" | "signal"> & { conf?: string | null }): Promise<ProcessResult>;
  /**
   * Looks whether there is room for what the step is about to write into its folder.
   *
   * @throws DiskFull naming the folder, the bytes needed and those free
   */
  reserve(bytes: number): void;
  /** Says what is being done, and the fraction done where it is known. */
  report(text: string, fraction?: number): void;
  /** Says something that is worth a line of its own. */
  note(text: string): void;
}

/** A value of a table; null where there is none. */
export type Value = string | number | null;

/** How people see a column on terminal and page. */
export interface Shown {
  heading: string;
  /** Decimals on the terminal, fewer where a number is large; absent when it is not shown there. */
  terminal?: number | "words";
  /** Significant digits on the page; absent when it is not shown there. */
  page?: number | "words";
  /** Name of the column with its standard error, which stands behind it. */
  error?: string;
  /** Name of the column whose value stands in where this one has none. */
  otherwise?: string;
  /** What people see in place of a value, such as a root in percent. */
  as?(value: NonNullable<Value>, cell: Cell): NonNullable<Value>;
}

/** A column of tables that people read; {@link Step.columns}. */
export interface Column<Result> {
  /** Its name in CSV. */
  name: string;
  unit: string;
  /** Decimals in CSV; null to show a number as it is. */
  decimals: number | null;
  better: "lower" | "higher" | null;
  /** One line of explanation. */
  says: string;
  /** Absent for a column that only CSV has. */
  shown?: Shown;
  /**
   * @param result of the cell
   * @param original of the cell of floating-point weights that others are compared with; null without one
   */
  value(result: Result, original: Result | null, cell: Cell): Value;
}

/**
 * A part of what is done for a cell: what comes in, what comes out, and everything that determines it. A new metric is a
 * new step and its line in the registry.
 */
export interface Step<Config extends object, Result extends object> {
  name: string;
  /** Raised whenever what the step computes changes: records of this step, and of what depends on it, are void then. */
  version: number;
  /** Whether its results serve every results folder, and are kept in the cache. */
  shared?: boolean;
  /** Whether its program computes a model, which is done on the target's device. */
  computes?: boolean;
  /** Whether it can go on beside others that can, and where there are processors enough also beside a program that uses all. */
  beside?: boolean;
  file?: StepFile;
  config: z.ZodType<Config>;
  result: z.ZodType<Result>;
  /** The step's part in a cell; null when it has none. */
  configure(context: CellContext): Config | null;
  /** Roles of the files that it reads. */
  needs(config: Config): readonly Role[];
  /** Roles of the files that it makes: kept beside its record, but for `quantized`, which is large and can be made again. */
  gives(config: Config): readonly Role[];
  /** The program and its arguments, for the key as for the run; empty for a step that runs none. */
  argv(config: Config, at: Paths, on: Target): string[];
  /** Bytes that it writes at least; of a step that writes little absent. */
  writes?(config: Config, known: KnownSizes): number;
  /** What of the target decides the result, beside the arguments. */
  facts(on: Target): Record<string, unknown>;
  /** Of a step whose file grows: the configuration without what says how far. */
  grows?(config: Config): Config;
  /** Of such a step: the result if all that is asked for is in the file; else null. Of other files it asks for those that it needs to know that. */
  grown?(config: Config, growing: string, input: (role: Role) => Promise<string>): Promise<Result | null>;
  run(config: Config, at: Paths, on: Target, tools: Tools): Promise<Result>;
  /** Of such a step whose work can be divided: does a part of it into a file of the part's own, beside the one that grows. @returns how many chunks were evaluated */
  part?(config: Config, part: Part, at: Paths, on: Target, tools: Tools): Promise<number>;
  columns: readonly Column<Result>[];
}

// Steps of all kinds in one list: the registry's.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyStep = Step<any, any>;

/** What of a build determines its programs' results. */
export function buildFacts({ build: { tree, libraryHash, compiler, cmakeFlags, features, tools } }: Target): Record<string, unknown> {
  return { tree, library: libraryHash, compiler, flags: cmakeFlags, features, ...(tools !== null && { tools }) };
}

/** The same of a program that computes a model, with what it computes it on. */
export function computingFacts(on: Target): Record<string, unknown> {
  return { ...buildFacts(on), ...(on.device && { device: on.device.line, driver: on.device.driver }) };
}
