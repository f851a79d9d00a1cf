import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, expect, it } from "vitest";
import { ensureBuild, type Build } from "../../harness/build/build.ts";
import type { Output } from "../../harness/parse/numbers.ts";
import { checkTaskFile } from "../../harness/parse/taskFiles.ts";
import { parseTasks, taskModes, type TaskMode } from "../../harness/parse/tasks.ts";
import { demoModel, projectRoot } from "../../harness/paths.ts";
import { run } from "../../harness/process/run.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";
import { multipleChoiceBytes, type Question } from "../support/multipleChoice.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";

const data = (name: string): Promise<Buffer> => readFile(path.join(projectRoot, "test", "data", "tasks", name));

let build: Build;
let folder = "";
beforeAll(async () => {
  build = await ensureBuild("patched");
  folder = await lastingTemporaryFolder();
  await writeFile(path.join(folder, "hellaswag"), await data("hellaswag.txt"));
  await writeFile(path.join(folder, "winogrande"), await data("winogrande.csv"));
  await writeFile(path.join(folder, "multiple-choice"), multipleChoiceBytes(JSON.parse((await data("multiple-choice.json")).toString()) as Question[]));
});

/** Runs all tasks of a file, which hellaswag does only when asked for more than there are. */
async function evaluate(mode: TaskMode, { file = mode, threads = 2, sequences = 5 }: { file?: string; threads?: number; sequences?: number } = {}): Promise<Output> {
  const all = mode === "hellaswag" ? "2147483647" : "0";
  const argumentList = [
    "-m", demoModel, `--${mode}`, "-bf", file, `--${mode}-tasks`, all, "-np", String(sequences),
    "-c", "512", "-b", "2048", "-ub", "512", "-t", String(threads), "-tb", String(threads), "--device", "none",
  ];
  return run(build.binary("llama-perplexity"), argumentList, { cwd: folder, env: childEnvironment(null) });
}

it.each(taskModes)("%s: the demo model does better than chance, with any number of threads", async (mode) => {
  const { tasks, mostAnswers, chance } = checkTaskFile(mode, mode, await readFile(path.join(folder, mode)));
  const output = await evaluate(mode, { sequences: Math.max(4, mostAnswers) });
  const result = parseTasks(output, mode, tasks);
  expect(result.right).toHaveLength(36);
  expect(result.accuracy.value).toBeGreaterThan(chance);
  expect((await evaluate(mode, { threads: 1, sequences: Math.max(4, mostAnswers) })).stdout).toBe(output.stdout);
});

it("upstream still leaves out a last line without newline, and the result is refused", async () => {
  await writeFile(path.join(folder, "cut.csv"), (await data("winogrande.csv")).subarray(0, -1));
  const output = await evaluate("winogrande", { file: "cut.csv" });
  expect(() => parseTasks(output, "winogrande", 36)).toThrow(/35 of 36 tasks/);
});

it("upstream still stops at a task that needs more sequences, and the result is refused", async () => {
  const output = await evaluate("multiple-choice", { sequences: 4 });
  expect(() => parseTasks(output, "multiple-choice", 36)).toThrow(/5 answers.*-np/);
});
