import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Build } from "../../harness/build/build.ts";

/** A call of a program. */
export interface Call {
  program: string;
  processId: number;
  arguments: string[];
}

/** Real programs, and what they were called with. */
export interface LoggedBuild {
  build: Build;
  /** Every call so far, in their order. */
  calls(): Promise<Call[]>;
}

/** The same programs, each call of which is written down first. */
export async function loggedBuild(build: Build, folder: string): Promise<LoggedBuild> {
  await mkdir(folder, { recursive: true });
  const log = path.join(folder, "calls");
  for (const name of ["llama-quantize", "llama-perplexity", "llama-imatrix"]) {
    const file = path.join(folder, name);
    await writeFile(file, `#!/bin/sh\necho "${name} $$ $*" >> '${log}'\nexec '${build.binary(name)}' "$@"\n`);
    await chmod(file, 0o755);
  }
  return {
    build: { ...build, folder, binary: (name) => path.join(folder, name) },
    async calls() {
      const lines = (await readFile(log, "utf8").catch(() => "")).split("\n").filter(Boolean);
      return lines.map((line) => {
        const [program = "", processId, ...argumentList] = line.split(" ");
        return { program, processId: Number(processId), arguments: argumentList };
      });
    },
  };
}
