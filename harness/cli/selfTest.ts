import { readFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { projectRoot } from "../paths.ts";
import { ProcessError, run } from "../process/run.ts";
import { withScratch } from "../scratch.ts";
import { scratchFolder, thisProject } from "../upstream/project.ts";
import { countTests, type TestCounts } from "./testCounts.ts";

type Print = (line: string) => void;

/**
 * Check the types, look for what nothing uses (knip.ts), and run vitest, which builds llama.cpp first where a
 * test that was chosen needs it (vitest.config.ts).
 *
 * @param argumentList arguments for vitest: names of test files, options
 * @param print takes each line that a step prints
 * @throws AbortError when `signal` fires; ProcessError when a check finds something; UserError when vitest cannot start
 */
export async function selfTest(argumentList: readonly string[], print: Print, signal: AbortSignal): Promise<TestCounts> {
  print("checking types, and that everything is used");
  await check(print, signal);
  return withScratch(scratchFolder(thisProject()), "test", async (folder) => {
    const output = path.join(folder, "result.json");
    const reporters = ["--reporter=default", "--reporter=json", "--reporter=./test/faults/table.ts", `--outputFile.json=${output}`];
    const failure = await node(["node_modules/vitest/vitest.mjs", "run", ...reporters, ...argumentList], print, signal).catch((error: unknown) => {
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

/** All checks to their end, so that one does not hide what another finds. */
async function check(print: Print, signal: AbortSignal): Promise<void> {
  const knip = ["node_modules/knip/bin/knip.js", "--no-progress"];
  const checks = [["node_modules/typescript/bin/tsc", "--noEmit"], knip, [...knip, "--production"]];
  const results = await Promise.allSettled(checks.map((argumentList) => node(argumentList, print, signal)));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

async function node(argumentList: string[], print: Print, signal: AbortSignal): Promise<unknown> {
  // Tests count paths from the project's folder, and what works for them for long is not of vitest's group.
  return run(process.execPath, argumentList, { cwd: projectRoot, signal, onLine: print, env: { INIT_CWD: undefined }, stallSeconds: 0 });
}
