import { ParseError } from "../errors.ts";
import { endsEarly } from "./errorLine.ts";
import { bothStreams, finiteNumber, numberPattern, type Measured, type Output } from "./numbers.ts";

/** Ways in which llama-perplexity lets a model choose among continuations; each is also its option. */
export const taskModes = ["hellaswag", "winogrande", "multiple-choice"] as const;
/** One of them. */
export type TaskMode = (typeof taskModes)[number];

/** What a run found. */
export interface TaskResults {
  /**
   * Whether each task was answered rightly, in the order run: the file's, but of hellaswag a shuffle
   * that depends only on the number of tasks and the C++ library, so that runs of one binary pair.
   */
  right: boolean[];
  /** Share of right answers and its standard error √(p(1−p)/(n−1)), as upstream defines it, in percent. */
  accuracy: Measured;
}

interface Row {
  /** Accuracy so far as printed, in percent. */
  running: string | undefined;
  /** Whether the row itself says that this task was right; undefined where it does not. */
  right?: boolean;
  /** Bounds of hellaswag's interval as printed, in percent; b2329 has none. */
  interval?: (string | undefined)[];
}

const number = `(${numberPattern})`;

/** What follows a task's number and a tab in each mode, and what is in it. */
const rowFormats: Record<TaskMode, { pattern: RegExp; read(groups: (string | undefined)[], what: string): Row }> = {
  hellaswag: {
    pattern: new RegExp(String.raw`^${number}%?(?:\t\[${number}%, ${number}%\])?$`),
    read: ([running, ...interval]) => ({ running, ...(interval[0] !== undefined && { interval }) }),
  },
  winogrande: {
    pattern: new RegExp(String.raw`^${number}\t *${number} +${number} +([12]) +([12])$`),
    read([running, first, second, chosen, answer], what) {
      for (const score of [first, second]) finiteNumber(score, `A score of ${what}`);
      return { running, right: chosen === answer };
    },
  },
  "multiple-choice": { pattern: new RegExp(`^${number}$`), read: ([running]) => ({ running }) },
};

/** The summary behind the rows. Hellaswag has none, winogrande has one from 100 tasks on. */
const finalPatterns: Record<TaskMode, RegExp | undefined> = {
  hellaswag: undefined,
  winogrande: new RegExp(String.raw`Final Winogrande score\((\d+) tasks\): ${number} \+/- ${number}`, "g"),
  "multiple-choice": new RegExp(String.raw`Final result:() ${number} \+/- ${number}`, "g"),
};

/** Explains missing tasks, when the program said why. It exits with 0 all the same. */
function reasonOf(text: string): string {
  const large = /task (\d+) does not fit in the context window(?: \(requires (\d+) tokens\))?/.exec(text);
  if (large) return `The ${Number(large[1]) + 1}th that it ran does not fit in the context${large[2] ? `: all its answers together have ${large[2]} tokens` : ""}. Use a larger context.`;
  const wide = /requires a higher -np\|--parallel value \(at least (\d+)\)/.exec(text);
  if (wide) return `A task has ${wide[1]} answers, more than sequences were asked for with -np.`;
  if (/llama_decode\(\) failed|failed to decode/.test(text)) return "The model failed to evaluate a batch.";
  return endsEarly(text);
}

function agrees(printed: string, wanted: number): boolean {
  const digits = printed.split(".")[1]?.length ?? 0;
  return Math.abs(Number(printed) - wanted) <= 0.5001 * 10 ** -digits;
}

/** Wilson's interval of 95 %, in percent, as hellaswag prints it. */
function wilson(correct: number, tasks: number): [number, number] {
  const quantile = 1.95996398454;
  const share = correct / tasks;
  const z = quantile ** 2 / tasks;
  const half = (z * Math.sqrt(tasks * (4 * share * (1 - share) + z))) / (2 * quantile);
  return [(100 * (share + z / 2 - half)) / (1 + z), (100 * (share + z / 2 + half)) / (1 + z)];
}

/** Accuracy of so many right answers and its standard error, in percent. @param tasks at least 2 */
function accuracyOf(correct: number, tasks: number): Measured {
  const share = correct / tasks;
  return { value: 100 * share, error: 100 * Math.sqrt((share * (1 - share)) / (tasks - 1)) };
}

function checkFinal(mode: TaskMode, text: string, accuracy: Measured, tasks: number): void {
  const pattern = finalPatterns[mode];
  if (!pattern) return;
  const finals = [...text.matchAll(pattern)];
  const expected = mode === "winogrande" && tasks < 100 ? 0 : 1;
  if (finals.length !== expected) throw new ParseError(`llama-perplexity gave ${finals.length} final results of ${mode}, expected ${expected}.`);
  for (const [, count, value, error] of finals) {
    // Upstream computes these in single precision.
    const near = (printed: string | undefined, wanted: number, what: string): boolean => Math.abs(finiteNumber(printed, what) - wanted) < 2e-4;
    if ((count && Number(count) !== tasks) || !near(value, accuracy.value, "The final accuracy") || !near(error, accuracy.error, "Its error"))
      throw new ParseError(`llama-perplexity's final accuracy is ${value} ± ${error}${count ? ` of ${count} tasks` : ""}, but its tasks give ${accuracy.value.toFixed(4)} ± ${accuracy.error.toFixed(4)}.`);
  }
}

/**
 * Reads what `llama-perplexity --hellaswag`, `--winogrande` or `--multiple-choice` wrote. A task's own
 * result is the step of the running accuracy times the number of tasks, which is exact: what is printed
 * tells neighbouring counts apart up to a million tasks.
 * Only winogrande shows scores, so a model whose predictions are nan is found out there alone.
 * @param tasks how many the file has; at least 2
 * @throws ParseError when a task is missing, doubled or out of order, a number is not finite, or two of them contradict each other
 * Source: `hellaswag_score`, `winogrande_score`, `multiple_choice_score` in upstream's tools/perplexity/perplexity.cpp.
 */
export function parseTasks(output: Output, mode: TaskMode, tasks: number): TaskResults {
  const text = bothStreams(output);
  const right: boolean[] = [];
  let correct = 0;
  for (const [line, shown, rest] of text.matchAll(/^(\d+)\t(.*)$/gm)) {
    const done = right.length + 1;
    const what = `task ${shown} of ${mode}`;
    if (Number(shown) !== done) throw new ParseError(`llama-perplexity printed ${what} where task ${done} belongs.`);
    const groups = rowFormats[mode].pattern.exec(rest!);
    if (!groups) throw new ParseError(`llama-perplexity printed "${line}", which is no result of ${mode}.`);
    const row = rowFormats[mode].read(groups.slice(1), what);
    const total = Math.round((finiteNumber(row.running, `The accuracy after ${what}`) / 100) * done);
    const isRight = total - correct === 1;
    const bounds = wilson(total, done);
    const contradicted =
      (!isRight && total !== correct) ||
      !agrees(row.running!, (100 * total) / done) ||
      (row.right !== undefined && row.right !== isRight) ||
      row.interval?.some((bound, index) => !agrees(bound!, bounds[index]!));
    if (contradicted) throw new ParseError(`llama-perplexity printed "${line}", which contradicts the ${correct} right answers of the ${done - 1} tasks before.`);
    right.push(isRight);
    correct = total;
  }
  if (right.length !== tasks) throw new ParseError(`llama-perplexity did ${right.length} of ${tasks} tasks of ${mode}. ${right.length < tasks ? reasonOf(text) : ""}`.trim());
  const accuracy = accuracyOf(correct, tasks);
  checkFinal(mode, text, accuracy, tasks);
  return { right, accuracy };
}

/** Number of the last task done by the lines seen so far; for showing progress. */
export function tasksDone(lines: string): number | undefined {
  const last = [...lines.matchAll(/^(\d+)\t/gm)].at(-1);
  return last && Number(last[1]);
}
