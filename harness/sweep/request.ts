import type { BackendName } from "../build/backends.ts";
import type { Build } from "../build/build.ts";
import type { Timing } from "../executors/slurm/timing.ts";
import type { SlurmSettings } from "../study/slurmSettings.ts";
import type { Model } from "./inputs.ts";
import type { KeptModels } from "./keepModels.ts";

/** What a sweep shall do; everything but the study has a default. */
export interface SweepRequest {
  /** Path of a study, or the name of one in studies/. */
  study: string;
  /** Path, or the name of one in models/; the study's by default, else sotu-1m. */
  model?: string;
  /** A model without weights in place of a file's, of a plan. */
  shaped?: Model;
  /** Path, or the name of one that is known; the study's by default, else the demo models' held-out speeches. */
  text?: string;
  /** Calibration text, in place of the study's. */
  calibration?: string;
  /** A ready importance matrix, in place of one that is computed. */
  imatrix?: string;
  chunks?: number;
  threads?: number;
  /** Ready-made files to measure beside the study's cells, whatever `only` says. */
  also?: readonly string[];
  /** Names of cells, as `selectCells` takes them. */
  only?: string;
  /** results/STUDY-MODEL by default, or STUDY-MODEL-RELEASE when a release is named. */
  out?: string;
  /** Cells at a time, 1 by default: each uses all threads. With several devices, on each. */
  jobs?: number;
  /** What llama.cpp is built for; see askedBackend for what it is by default. */
  backend?: BackendName;
  /** Name of the device that models are computed on; the study's by default, else the first that there is. */
  device?: string;
  /** Several of one kind, which cells are shared out among. */
  devices?: readonly string[];
  /** Minutes after which a silent program is taken for one that hangs, ten by default; 0 for never. */
  stallLimit?: number;
  /** How jobs are submitted to Slurm; absent where cells run on this machine. */
  slurm?: SlurmSettings;
  /** Whether it is enough that jobs are submitted. */
  detach?: boolean;
  /** How often jobs are looked at, and how long for, for tests. */
  timing?: Timing;
  /** Whether the first cell that fails stops the others. */
  failFast?: boolean;
  /** Whether only cells are run that failed when they were run last. */
  retryFailed?: boolean;
  /** Which quantized models stay with the results, in models/; none by default. */
  keepModels?: KeptModels;
  /** Tag of the release of llama.cpp to use; the pin by default. */
  release?: string;
  /** Binaries to use; the patched build by default. */
  build?: Build;
  /** The command line, for the manifest. */
  argv?: readonly string[];
}
