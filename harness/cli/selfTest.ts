import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { ensureBuild } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { projectRoot } from "../paths.ts";
import { ProcessError, run } from "../process/run.ts";
import type { Report } from "../sweep/events.ts";
import { withScratch } from "../scratch.ts";
import { scratchFolder, thisProject } from "../upstream/project.ts";

/** How many tests ended how. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
}

const resultSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })),
});

/**
 * Check the types, make sure that both variants of llama.cpp are built, and run vitest.
 *
 * @param filters arguments for vitest: names of test files, options
 * @param print takes each line that a step prints
 * @throws AbortError when `signal` fires; UserError when a build or the type check fails
 */
export async function selfTest(
  filters: readonly string[],
  report: Report,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<TestCounts> {
  report({ kind: "note", text: "checking types" });
  await node(["node_modules/typescript/bin/tsc", "--noEmit"], print, signal);
  for (const variant of ["patched", "upstream"] as const) {
    const { folder } = await ensureBuild(variant, {
      report: (text, fraction) => report({ kind: "build", text, fraction }),
      signal,
    });
    report({ kind: "note", text: `${variant} llama.cpp is in ${folder}` });
  }
  return withScratch(scratchFolder(thisProject()), "test", async (folder) => {
    const output = path.join(folder, "result.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${output}`];
    const failure = await node(["node_modules/vitest/vitest.mjs", "run", ...reporters, ...filters], print, signal).catch((error: unknown) => {
      // A failed test ends vitest with an exit code; its result file says the rest.
      if (error instanceof ProcessError) return error;
      throw error;
    });
    const text = await readFile(output, "utf8").catch(() => {
      throw new UserError(`vitest left no result${failure instanceof Error ? `: ${failure.message}` : ""}`);
    });
    const counts = countTests(text);
    return failure instanceof Error && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  });
}

/**
 * Counts from vitest's JSON report. A file that could not be loaded has no tests in it and counts as
 * one failed.
 */
export function countTests(json: string): TestCounts {
  const result = resultSchema.parse(JSON.parse(json));
  const broken = result.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed"),
  );
  return {
    passed: result.numPassedTests,
    failed: result.numFailedTests + broken.length,
    skipped: result.numPendingTests + result.numTodoTests,
  };
}

/** The line that `npm test` ends with. */
export function countsLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

async function node(argumentList: string[], print: (line: string) => void, signal: AbortSignal): Promise<unknown> {
  return run(process.execPath, argumentList, { cwd: projectRoot, signal, onLine: print });
}
