import { z } from "zod";
import { mcnemar, type PairedTasks } from "../analysis/mcnemar.ts";
import { checkTaskFile, type TaskFile } from "../parse/taskFiles.ts";
import { parseTasks, type TaskMode, taskModes, tasksDone } from "../parse/tasks.ts";
import { batchArguments, deviceArguments } from "./arguments.ts";
import { settingsSchema } from "./settings.ts";
import { computingFacts, type Column, type Step } from "./step.ts";

const config = settingsSchema.omit({ chunks: true }).extend({
  tasks: z.int().min(2),
  /** Sequences evaluated side by side: the answers of at least one task. */
  parallel: z.int(),
});

const result = z.strictObject({
  /** Whether each task was answered rightly, in the order run. */
  right: z.array(z.boolean()).min(2),
  /** In percent, with its standard error. */
  accuracy: z.strictObject({ value: z.number(), error: z.number().nonnegative() }),
});

type Result = z.infer<typeof result>;

/** Tasks that upstream does at most; 0 is all of them but for hellaswag. */
const all: Record<TaskMode, string> = { hellaswag: "2147483647", winogrande: "0", "multiple-choice": "0" };

const formats: Record<TaskMode, string> = {
  hellaswag: "six lines a task: context, number of the right ending from 0, four endings",
  winogrande: "a line a task: index,sentence with a gap _,choice,choice,number of the right one from 1",
  "multiple-choice": "llama.cpp's binary format",
};

/** Accuracy of a model on a file of tasks, by llama-perplexity's own mode for them. */
function taskStep(mode: TaskMode): Step<z.infer<typeof config>, Result> {
  const name = mode.replace("-", "_");
  const step: Step<z.infer<typeof config>, Result> = {
    name,
    version: 1,
    file: { field: name, says: `path of a file of tasks for llama-perplexity --${mode}: ${formats[mode]}`, check: (file, bytes) => checkTaskFile(mode, file, bytes) },
    config,
    result,
    configure({ files, settings: { context, batch, ubatch } }) {
      const known = files[name] as TaskFile | undefined;
      return known ? { context, batch, ubatch, tasks: known.tasks, parallel: Math.max(4, known.mostAnswers) } : null;
    },
    needs: () => ["quantized", name],
    gives: () => [],
    // With -f the program would lose a last line.
    argv: (asked, at, on) => [
      "llama-perplexity", "-m", at["quantized"]!, `--${mode}`, "-bf", at[name]!, `--${mode}-tasks`, all[mode],
      ...batchArguments(asked, on), "-np", String(asked.parallel), ...deviceArguments(on),
    ],
    computes: true,
    facts: computingFacts,
    async run(asked, at, on, tools) {
      tools.report("loading", 0);
      const output = await tools.run(step.argv(asked, at, on), {
        onText: (text) => {
          const done = tasksDone(text);
          if (done !== undefined) tools.report(`task ${done} of ${asked.tasks}`, done / asked.tasks);
        },
      });
      return parseTasks(output, mode, asked.tasks);
    },
    columns: [
      { name: `${name}_percent`, unit: "%", decimals: 4, better: "higher", says: `tasks of ${mode} answered rightly`, shown: { heading: `${mode}, %`, terminal: 2, page: 4, error: `${name}_error` }, value: ({ accuracy }) => accuracy.value },
      { name: `${name}_error`, unit: "%", decimals: 4, better: "lower", says: `standard error of ${name}_percent`, value: ({ accuracy }) => accuracy.error },
      { name: `${name}_tasks`, unit: "", decimals: 0, better: null, says: `how many tasks of ${mode} there were`, value: ({ right }) => right.length },
      pairedColumn(`${name}_difference`, "%", "higher", `accuracy on ${mode} minus the original's`, ({ difference }) => 100 * difference),
      pairedColumn(`${name}_difference_error`, "%", "lower", `standard error of ${name}_difference, paired by task`, ({ standardError }) => 100 * standardError),
      pairedColumn(`${name}_mcnemar_p`, "", null, "mid-p-value of McNemar's test against the original", ({ midProbability }) => midProbability),
    ],
  };
  return step;
}

function pairedColumn(name: string, unit: string, better: Column<Result>["better"], says: string, of: (paired: PairedTasks) => number): Column<Result> {
  return { name, unit, decimals: 4, better, says, value: ({ right }, original) => (original ? of(mcnemar(original.right, right)) : null) };
}

/** A step for each kind of tasks. */
export const tasks: readonly Step<z.infer<typeof config>, Result>[] = taskModes.map(taskStep);
