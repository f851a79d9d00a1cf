import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Build } from "../build/build.ts";
import type { PlannedStep } from "../jobs/job.ts";
import { projectRoot } from "../paths.ts";
import type { Plan } from "../store/plan.ts";
import type { Settings } from "../steps/settings.ts";
import type { Target } from "../steps/step.ts";
import type { Cell, Study } from "../study/types.ts";
import type { Content } from "./inputs.ts";

/** What a sweep was asked for, as far as its cells share it. */
export interface Asked {
  study: Study;
  studyPath: string;
  model: Content;
  text: Content;
  settings: Settings;
  /** Calibration texts, by the name that cells give them. */
  calibrations: ReadonlyMap<string, Content>;
  /** Files that the study names for steps of their own, by field. */
  files: Readonly<Record<string, Content & { known: object }>>;
  /** Ready-made files, by the name of the cell that measures each. */
  ready: ReadonlyMap<string, Content>;
  on: Target;
  /** Names of the devices that cells are shared out among. */
  devices: readonly string[];
  /** The command line. */
  argv: readonly string[];
}

/** What a sweep is about to do, for the store and the manifest. */
export function makePlan({ study, studyPath, model, text, settings, calibrations, files, ready, on, devices, argv }: Asked, cells: readonly { cell: Cell; steps: readonly PlannedStep[] }[]): Plan {
  return {
    format: 4,
    study: { name: study.name, ...(study.title === undefined ? {} : { title: study.title }), path: studyPath },
    model: content(model),
    text: content(text),
    parameters: { context: settings.context, batch: settings.batch, ubatch: settings.ubatch, threads: Number(on.threads), chunks: settings.chunks },
    options: {
      klDivergence: study.kl_divergence === true,
      calibrations: Object.fromEntries([...calibrations].map(([name, file]) => [name, content(file)])),
      files: Object.fromEntries(Object.entries(files).map(([field, file]) => [field, content(file)])),
      ...(ready.size > 0 && { ready: Object.fromEntries([...ready].map(([name, file]) => [name, content(file)])) }),
    },
    build: describeBuild(on.build),
    ...describeDevice(on, devices),
    versions: { quantflex: ownVersion(), node: process.version },
    machine: {
      platform: `${os.platform()} ${os.release()} ${os.arch()}`,
      cpuModel: os.cpus()[0]?.model ?? "unknown",
      processors: os.availableParallelism(),
      memoryBytes: os.totalmem(),
    },
    argv: [...argv],
    date: new Date().toISOString(),
    cells: cells.map(({ cell, steps }) => ({ cell, steps: steps.map(({ step, key, growing }) => ({ step, key, growing })) })),
  };
}

function content({ name, path: file, sha256, bytes }: Content): Plan["model"] {
  return { name, path: file, sha256, bytes };
}

function describeBuild({ release, key, tree, libraryHash, compiler, cmakeFlags, cpu, features, backend, tools }: Build): Plan["build"] {
  return { release, key, tree, libraryHash, compiler, cmakeFlags, cpu, features, ...(backend !== "native" && { backend }), ...(tools !== null && { tools }) };
}

function describeDevice({ device }: Target, names: readonly string[]): Pick<Plan, "device"> {
  if (!device) return {};
  const { asked, line, driver, totalBytes } = device;
  return { device: { names: names.length > 0 ? [...names] : [asked], line, driver, memoryBytes: totalBytes } };
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8")) as { version: string };
  return version;
}
