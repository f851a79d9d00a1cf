import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ParseError } from "../../harness/errors.ts";
import { checkTaskFile } from "../../harness/parse/taskFiles.ts";
import type { TaskMode } from "../../harness/parse/tasks.ts";
import { multipleChoiceBytes, type Question } from "../support/multipleChoice.ts";

const data = (name: string): Buffer => readFileSync(path.join(import.meta.dirname, "..", "data", "tasks", name));
const hellaswag = data("hellaswag.txt").toString();
const winogrande = data("winogrande.csv").toString();
const questions = JSON.parse(data("multiple-choice.json").toString()) as Question[];
const binary = multipleChoiceBytes(questions);

function refuses(mode: TaskMode, content: string | Buffer, message: RegExp): void {
  const check = (): unknown => checkTaskFile(mode, "tasks.file", Buffer.from(content));
  expect(check).toThrow(ParseError);
  expect(check).toThrow(message);
}

describe("accepts", () => {
  test("the project's own files", () => {
    expect(checkTaskFile("hellaswag", "h", Buffer.from(hellaswag))).toEqual({ tasks: 36, mostAnswers: 4, chance: 25 });
    expect(checkTaskFile("winogrande", "w", Buffer.from(winogrande))).toEqual({ tasks: 36, mostAnswers: 2, chance: 50 });
    const chance = questions.reduce((sum, { answers }) => sum + 100 / answers.length, 0) / 36;
    expect(checkTaskFile("multiple-choice", "m", binary)).toEqual({ tasks: 36, mostAnswers: 5, chance: expect.closeTo(chance, 10) });
  });

  test("what upstream reads as well as these", () => {
    expect(checkTaskFile("hellaswag", "h", Buffer.from(hellaswag.trimEnd())).tasks).toBe(36);
    expect(checkTaskFile("winogrande", "w", Buffer.from(`${winogrande.replaceAll("\n", "\r\n")}\r\n`)).tasks).toBe(36);
  });
});

/** The hellaswag file with some lines, counted from 1, replaced. */
function withLines(changes: Record<number, string>): string {
  return hellaswag.split("\n").map((line, index) => changes[index + 1] ?? line).join("\n");
}

const hellaswagFaults: [string, string | Buffer, RegExp][] = [
  ["nothing", "", /^tasks\.file: there are no tasks/],
  ["one task", hellaswag.split("\n").slice(0, 6).join("\n"), /is one task/],
  ["a line missing", hellaswag.replace(/\n.*\n(?=Public)/, "\n"), /^tasks\.file, line 8 is "the public debt .* where the number/],
  ["the last line missing", hellaswag.trimEnd().replace(/\n.*$/, "\n"), /line 215 is the last, .* line 211 has only 3 endings/],
  ["a task cut off behind its context", `${hellaswag}The end\n`, /line 218 is missing/],
  ["a blank line at the end", `${hellaswag}\n`, /line 217 is empty/],
  ["a word for a label", withLines({ 8: "two" }), /line 8 is "two"/],
  ["labels from 1", withLines({ 8: "4" }), /line 8 is "4"/],
  ["a label with something behind", withLines({ 8: "1 apple" }), /line 8 is "1 apple"/],
  ["no context", withLines({ 7: " " }), /line 7 is empty/],
  ["an empty ending", withLines({ 10: "" }), /line 10 is empty, where an ending/],
  ["four equal endings", withLines({ 9: "a", 10: "a", 11: "a", 12: "a" }), /line 9 .* beginning of all/],
  ["an ending that begins all", withLines({ 9: "We want peace", 10: "We want", 11: "We want gold", 12: "We want ships" }), /line 9 .* beginning of all/],
  ["carriage returns", hellaswag.replaceAll("\n", "\r\n"), /line 1 ends in a carriage return/],
  ["Latin-1", Buffer.from(withLines({ 3: "Fran\u00e7ais" }), "latin1"), /line 3 is not UTF-8/],
  ["a byte order mark", `\uFEFF${hellaswag}`, /byte order mark/],
  ["another format", winogrande, /line 2 is "1,Congress/],
];
test.each(hellaswagFaults)("hellaswag: refuses %s", (_, content, message) => refuses("hellaswag", content, message));

/** The winogrande file with its first line replaced. */
const first = (line: string): string => winogrande.replace(/^.*/, line);

const winograndeFaults: [string, string, RegExp][] = [
  ["nothing", "", /no tasks/],
  ["a last line without newline", winogrande.trimEnd(), /line 36 does not end in a newline/],
  ["a heading", `index,sentence,option1,option2,answer\n${winogrande}`, /line 1 has a sentence with 0 gaps/],
  ["a blank line", winogrande.replace("\n", "\n\n"), /line 2 has fewer than five fields/],
  ["four fields", first("0,The _ fell.,tax,debt"), /line 1 has fewer than five fields/],
  ["an unquoted comma", first("0,The _ fell, they said.,tax,debt,2"), /answer "debt,2".*quotation marks/],
  ["answers from 0", first("0,The _ fell.,tax,debt,0"), /answer "0"/],
  ["an answer with something behind", first("0,The _ fell.,tax,debt,2x"), /answer "2x"/],
  ["two gaps", first("0,The _ fell and the _ rose.,tax,debt,2"), /2 gaps/],
  ["a quotation that ends early", first('0,"Peace" is what the _ wanted.,king,people,2'), /begins with a quotation mark/],
  ["an empty choice", first("0,The _ fell.,,debt,2"), /empty choice/],
  ["a quoted choice", first('0,The _ fell.,"tax",debt,2'), /quotation marks in a choice/],
  ["equal choices", first("0,The _ fell.,debt,debt,2"), /beginning of the other/],
  ["a choice that begins the other at the end", first("0,They passed the _,bill,bill of rights,2"), /beginning of the other/],
  ["semicolons", winogrande.replaceAll(",", ";"), /line 1 has fewer/],
];
test.each(winograndeFaults)("winogrande: refuses %s", (_, content, message) => refuses("winogrande", content, message));

/** The multiple-choice file with its first task replaced. */
const withFirst = (change: Partial<Question>): Buffer => multipleChoiceBytes([{ ...questions[0]!, ...change }, ...questions.slice(1)]);
const withCount = (count: number): Buffer => Buffer.concat([Buffer.from(Uint32Array.of(count).buffer), binary.subarray(4)]);

/** The file with the second label of the first task replaced, of which the first is 1. */
function withSecondLabel(label: number): Buffer {
  const { question, answers } = questions[0]!;
  const bytes = Buffer.from(binary);
  const texts = [question, ...answers].reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 0);
  bytes.writeInt32LE(label, 4 + 4 * 36 + texts + 4 + 4);
  return bytes;
}

const multipleChoiceFaults: [string, Buffer, RegExp][] = [
  ["nothing", Buffer.alloc(0), /no tasks/],
  ["less than a number", Buffer.from("ab"), /no tasks/],
  ["one task", multipleChoiceBytes(questions.slice(0, 1)), /is one task/],
  ["JSON", data("multiple-choice.json"), /^tasks\.file is no file of llama\.cpp's multiple-choice format: it has \d+ bytes/],
  ["the end missing", binary.subarray(0, -3), /^tasks\.file, task 36, byte \d+: .* would end 3 bytes behind the file/],
  ["half of it missing", binary.subarray(0, 3000), /task \d+, byte \d+: .* behind the file/],
  ["bytes at the end", Buffer.concat([binary, Buffer.from("x")]), /task 36, byte \d+: the last task ends here, 1 bytes before/],
  ["a count too small", withCount(35), /task 1/],
  ["a count too large", withCount(37), /task 1/],
  ["no right answer", withFirst({ right: 9 }), /labels are 0 0 0 0/],
  ["two right answers", withSecondLabel(1), /labels are 1 1 0 0/],
  ["labels that are no flags", withSecondLabel(2), /labels are 1 2 0 0/],
  ["one answer", withFirst({ answers: ["yes"], right: 0 }), /there are 1 answers/],
  ["101 answers", withFirst({ answers: Array.from({ length: 101 }, String) }), /101 answers, at most 100/],
  ["an empty question", withFirst({ question: "" }), /task 1, .*question is empty/],
  ["an empty answer", withFirst({ answers: ["yes", ""] }), /an answer is empty/],
  ["an answer that begins all others", withFirst({ answers: ["yes, sir", "yes"], right: 0 }), /beginning of all others/],
];
test.each(multipleChoiceFaults)("multiple choice: refuses %s", (_, content, message) => refuses("multiple-choice", content, message));

test("a text that is not UTF-8 is found in a binary file", () => {
  const bytes = Buffer.from(binary);
  bytes[4 + 4 * 36 + 4] = 0xff;
  refuses("multiple-choice", bytes, /task 1, byte \d+: the question is not UTF-8/);
});
