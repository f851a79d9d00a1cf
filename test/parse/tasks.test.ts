import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ParseError } from "../../harness/errors.ts";
import type { Output } from "../../harness/parse/numbers.ts";
import { parseTasks, tasksDone, type TaskMode } from "../../harness/parse/tasks.ts";

/** Output of the real program of b10361 on the files of test/data/tasks and the demo model; `winogrande-108` is on that file three times over. */
function recorded(name: string): Output {
  const read = (stream: string): string => readFileSync(path.join(import.meta.dirname, "outputs", `${name}.${stream}`), "utf8");
  return { stdout: read("stdout"), stderr: read("stderr") };
}

/** Right answers as the rows of winogrande state them. */
function statedRight({ stdout }: Output): boolean[] {
  return [...stdout.matchAll(/([12])  ([12])$/gm)].map(([, chosen, answer]) => chosen === answer);
}

const right = (text: string): boolean[] => [...text].map((digit) => digit === "1");

describe("a run of the released program", () => {
  test("hellaswag", () => {
    const { right: found, accuracy } = parseTasks(recorded("hellaswag"), "hellaswag", 36);
    expect(found).toEqual(right("011111100110110111110010000001101101"));
    expect(accuracy.value).toBeCloseTo((100 * 21) / 36, 10);
    expect(accuracy.error).toBeCloseTo(100 * Math.sqrt((21 / 36) * (15 / 36) / 35), 10);
  });

  test.each([["winogrande", 36], ["winogrande-108", 108]])("%s", (name, tasks) => {
    const output = recorded(name);
    const result = parseTasks(output, "winogrande", tasks);
    expect(result.right).toHaveLength(tasks);
    expect(result.right).toEqual(statedRight(output));
    expect(result.accuracy.value).toBeCloseTo(58.3333, 4);
  });

  test("the final result of winogrande is what its tasks give", () => {
    expect(parseTasks(recorded("winogrande-108"), "winogrande", 108).accuracy.error).toBeCloseTo(4.7661, 4);
  });

  test("multiple choice", () => {
    const { right: found, accuracy } = parseTasks(recorded("multiple-choice"), "multiple-choice", 36);
    expect(found.filter(Boolean)).toHaveLength(18);
    expect(found.slice(0, 6)).toEqual(right("111101"));
    expect(accuracy).toEqual({ value: 50, error: expect.closeTo(8.4515, 4) });
  });

  test("rows of b2329, where hellaswag has no interval", () => {
    expect(parseTasks({ stdout: "\ntask\tacc_norm\n1\t0.00000000\n2\t50.00000000\n3\t66.66666667\n\n", stderr: "" }, "hellaswag", 3).right).toEqual(right("011"));
  });
});

test("right and wrong are told apart after ten thousand tasks", () => {
  const pattern = Array.from({ length: 40_000 }, (_, index) => (index * index) % 7 < 3);
  let correct = 0;
  const rows = pattern.map((isRight, index) => `${index + 1}\t${((100 * (correct += Number(isRight))) / (index + 1)).toFixed(4)}\t -3.071276   -3.039277  ${isRight ? 2 : 1}  2\n`);
  const share = correct / pattern.length;
  const error = 100 * Math.sqrt((share * (1 - share)) / (pattern.length - 1));
  const stderr = `Final Winogrande score(40000 tasks): ${(100 * share).toFixed(4)} +/- ${error.toFixed(4)}\n`;
  expect(parseTasks({ stdout: rows.join(""), stderr }, "winogrande", 40_000).right).toEqual(pattern);
});

const inStdout = (from: string | RegExp, to: string) => (o: Output): Output => ({ ...o, stdout: o.stdout.replace(from, to) });
const inStderr = (from: string | RegExp, to: string) => (o: Output): Output => ({ ...o, stderr: o.stderr.replace(from, to) });
const tooLarge = inStdout(/^35[^]*/m, "");

const broken: [string, TaskMode, (output: Output) => Output, RegExp][] = [
  ["a task missing in the middle", "hellaswag", inStdout(/^7\t.*\n/m, ""), /task 8 of hellaswag where task 7 belongs/],
  ["a task doubled", "winogrande", inStdout(/^(7\t.*\n)/m, "$1$1"), /task 7 of winogrande where task 8 belongs/],
  ["the last task missing", "multiple-choice", inStdout(/^36\t.*\n/m, ""), /35 of 36 tasks of multiple-choice\. Its output ends early/],
  ["a task too many", "multiple-choice", inStdout(/^(36\t.*\n)/m, "$137\t51.35135135\n"), /37 of 36 tasks of multiple-choice\.$/],
  ["no output", "hellaswag", () => ({ stdout: "", stderr: "" }), /0 of 36/],
  ["an accuracy that is nan", "multiple-choice", inStdout("36\t50.00000000", "36\tnan"), /accuracy after task 36 .* is nan/],
  ["scores that are nan", "winogrande", inStdout("-2.169861", "     -nan"), /score of task 36 of winogrande is -nan/],
  ["a row cut off", "winogrande", inStdout(/ {2}1 {2}2\n\n/, "\n\n"), /no result of winogrande/],
  ["rows of another mode", "winogrande", () => recorded("multiple-choice"), /no result of winogrande/],
  ["an accuracy that falls by two", "multiple-choice", inStdout("36\t50.00000000", "36\t47.22222222"), /contradicts the 18 right answers of the 35/],
  ["an accuracy that no count gives", "multiple-choice", inStdout("36\t50.00000000", "36\t50.10000000"), /contradicts/],
  ["a choice that contradicts the accuracy", "winogrande", inStdout("1  1\n", "1  2\n"), /contradicts/],
  ["an interval of another accuracy", "hellaswag", inStdout("42.2003%, 72.8594%", "42.2003%, 73.8594%"), /contradicts/],
  ["an interval that is nan", "hellaswag", inStdout("42.2003%", "nan%"), /contradicts/],
  ["the final result lost", "multiple-choice", inStderr(/Final result.*/, ""), /0 final results/],
  ["two final results", "multiple-choice", inStderr(/(Final result.*)/, "$1\n$1"), /2 final results/],
  ["another final accuracy", "multiple-choice", inStderr("50.0000 +/-", "47.2222 +/-"), /47\.2222 .* its tasks give 50\.0000/],
  ["another final error", "multiple-choice", inStderr("8.4515", "8.4615"), /8\.4615/],
  ["a final error that is nan", "multiple-choice", inStderr("8.4515", "-nan"), /error is -nan/],
  ["a task too large", "hellaswag", (o) => inStderr(/$/, "0.1 E hellaswag_score : task 34 does not fit in the context window (requires 3684 tokens)\n")(tooLarge(o)), /34 of 36 .*35th .*3684 tokens.*larger context/],
  ["too few sequences", "multiple-choice", () => ({ stdout: "", stderr: "E multiple_choice_score : task 0 requires a higher -np|--parallel value (at least 6)" }), /6 answers.*-np/],
  ["a batch that fails", "winogrande", () => ({ stdout: "", stderr: "E winogrande_score: llama_decode() failed" }), /failed to evaluate/],
];
test.each(broken)("refuses %s", (_, mode, change, message) => {
  const output = recorded(mode);
  expect(() => parseTasks(output, mode, 36)).not.toThrow();
  expect(() => parseTasks(change(output), mode, 36)).toThrow(ParseError);
  expect(() => parseTasks(change(output), mode, 36)).toThrow(message);
});

test("refuses a final count of other tasks", () => {
  const output = inStderr("score(108", "score(107")(recorded("winogrande-108"));
  expect(() => parseTasks(output, "winogrande", 108)).toThrow(/of 107 tasks/);
});

test("progress", () => {
  expect(tasksDone("7\t71.42857143\n8\t62.50000000\n")).toBe(8);
  expect(tasksDone("\ntask\tacc_norm\n")).toBeUndefined();
});
