import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Build } from "../build/build.ts";
import { projectRoot } from "../paths.ts";
import type { Plan } from "../store/plan.ts";
import { cellKey } from "../store/key.ts";
import type { Study } from "../study/types.ts";
import { type CellContext, keyInputs } from "./cell.ts";
import type { Content } from "./inputs.ts";

/**
 * What a sweep is about to do, for the store and the manifest.
 *
 * @param argv the command line
 */
export function makePlan(study: Study, studyPath: string, context: CellContext, argv: readonly string[]): Plan {
  return {
    format: 2,
    study: { name: study.name, ...(study.title === undefined ? {} : { title: study.title }), path: studyPath },
    model: content(context.model),
    text: content(context.text),
    parameters: context.settings,
    options: {
      klDivergence: context.logits !== null,
      imatrix: context.imatrix && { text: content(context.imatrix.text), chunks: context.imatrix.chunks },
    },
    build: buildFacts(context.build),
    versions: { quantflex: ownVersion(), node: process.version },
    machine: {
      platform: `${os.platform()} ${os.release()} ${os.arch()}`,
      cpuModel: os.cpus()[0]?.model ?? "unknown",
      processors: os.availableParallelism(),
      memoryBytes: os.totalmem(),
    },
    argv: [...argv],
    date: new Date().toISOString(),
    cells: study.cells.map((cell) => ({ key: cellKey(keyInputs(cell, context)), cell })),
  };
}

function content({ name, path: file, sha256, bytes }: Content): Plan["model"] {
  return { name, path: file, sha256, bytes };
}

function buildFacts({ release, key, tree, libraryHash, compiler, cmakeFlags, cpu }: Build): Plan["build"] {
  return { release, key, tree, libraryHash, compiler, cmakeFlags, cpu };
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8")) as { version: string };
  return version;
}
