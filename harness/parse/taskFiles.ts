import { isUtf8 } from "node:buffer";
import { ParseError } from "../errors.ts";
import type { TaskMode } from "./tasks.ts";

/** What is known of a task file before a model sees it. */
export interface TaskFile {
  tasks: number;
  /** Answers of the task that has the most: as many sequences must llama-perplexity be given (`-np`). */
  mostAnswers: number;
  /** Accuracy to be expected of a blind guess, in percent. Upstream prints tasks ÷ answers, which is less where their numbers differ. */
  chance: number;
}

/**
 * Checks a task file by all that llama-perplexity would do wrong in silence: it leaves out what it cannot
 * read, takes any number for a label, reads behind the end of token lists, and exits with 0.
 * What needs the model's tokenizer stays unchecked: whether a task fits in the context.
 * @param file its name, for messages
 * @throws ParseError naming the file, the line (or task and byte) and what is wrong there
 * Source: readers of the three formats in upstream's tools/perplexity/perplexity.cpp.
 */
export function checkTaskFile(mode: TaskMode, file: string, bytes: Buffer): TaskFile {
  const answers = mode === "hellaswag" ? hellaswag(file, bytes) : mode === "winogrande" ? winogrande(file, bytes) : multipleChoice(file, bytes);
  const tasks = answers.length;
  if (tasks < 2) throw new ParseError(`${file}: there ${tasks === 1 ? "is one task" : "are no tasks"}; an accuracy with its error needs at least two.`);
  return { tasks, mostAnswers: Math.max(...answers), chance: (100 * answers.reduce((sum, count) => sum + 1 / count, 0)) / tasks };
}

type Fault = (line: number, what: string) => ParseError;

function linesOf(file: string, bytes: Buffer): { lines: string[]; fault: Fault } {
  const fault: Fault = (line, what) => new ParseError(`${file}, line ${line} ${what}.`);
  const broken = isUtf8(bytes) ? -1 : bytes.toString("latin1").split("\n").findIndex((line) => !isUtf8(Buffer.from(line, "latin1")));
  if (broken >= 0) throw fault(broken + 1, "is not UTF-8");
  const lines = bytes.toString("utf8").split("\n");
  if (lines[0]!.startsWith("\uFEFF")) throw fault(1, "begins with a byte order mark, which would become part of the task");
  if (lines.at(-1) === "") lines.pop();
  return { lines, fault };
}

/** Whether the tokens of one text may be the first of each of the others: then upstream reads behind their end. */
function oneBeginsAll(texts: readonly string[]): boolean {
  return texts.some((text) => texts.every((other) => other.startsWith(text)));
}

/** Six lines a task: context, number of the right ending from 0, four endings. */
function hellaswag(file: string, bytes: Buffer): number[] {
  const { lines, fault } = linesOf(file, bytes);
  const carriageReturn = lines.findIndex((line) => line.endsWith("\r"));
  if (carriageReturn >= 0) throw fault(carriageReturn + 1, "ends in a carriage return, which would become part of the task");
  const answers: number[] = [];
  for (let start = 0; start < lines.length; start += 6) {
    const [context, label, ...endings] = lines.slice(start, start + 6);
    if (!context!.trim()) throw fault(start + 1, "is empty, where the context of a task belongs (six lines a task, none between tasks)");
    if (!/^[0-3]$/.test(label ?? "")) throw fault(start + 2, `is ${label === undefined ? "missing" : JSON.stringify(label)}, where the number of the right ending belongs, 0 to 3`);
    if (endings.length < 4) throw fault(lines.length, `is the last, and the task that begins in line ${start + 1} has only ${endings.length} endings of four`);
    const empty = endings.findIndex((ending) => !ending.trim());
    if (empty >= 0) throw fault(start + 3 + empty, "is empty, where an ending belongs");
    if (oneBeginsAll(endings)) throw fault(start + 3, "begins four endings, one of which is the beginning of all");
    answers.push(endings.length);
  }
  return answers;
}

/** A line of upstream's csv: cut at the first four commas outside quotation marks; undefined where there are fewer. */
function fieldsOf(line: string): string[] | undefined {
  const commas = [-1];
  let isQuoted = false;
  for (let index = 0; index < line.length && commas.length < 5; index++) {
    if (line[index] === '"') isQuoted = !isQuoted;
    else if (line[index] === "," && !isQuoted) commas.push(index);
  }
  return commas.length < 5 ? undefined : commas.map((comma, index) => line.slice(comma + 1, commas[index + 1]));
}

/** A line a task: index, sentence with a gap `_`, two choices, number of the right one from 1. */
function winogrande(file: string, bytes: Buffer): number[] {
  const { lines, fault } = linesOf(file, bytes);
  while (lines.at(-1)?.trim() === "") lines.pop();
  if (lines.length > 0 && bytes.at(-1) !== 0x0a) throw fault(lines.length, "does not end in a newline, and llama-perplexity would leave it out");
  return lines.map((line, index) => {
    const fields = fieldsOf(line.replace(/\r$/, ""));
    const wrong = (what: string): ParseError => fault(index + 1, what);
    if (!fields) throw wrong("has fewer than five fields: index,sentence,choice 1,choice 2,answer");
    const [, field, first, second, answer] = fields as [string, string, string, string, string];
    if (field.startsWith('"') && !/^".*"$/.test(field)) throw wrong("has a sentence that begins with a quotation mark and does not end with one");
    const parts = field.replace(/^"(.*)"$/, "$1").split("_");
    if (parts.length !== 2) throw wrong(`has a sentence with ${parts.length - 1} gaps, expected one "_"`);
    if (!/^[12]$/.test(answer)) throw wrong(`has the answer ${JSON.stringify(answer)}, expected 1 or 2 (a sentence with commas needs quotation marks around it)`);
    for (const choice of [first, second]) {
      if (!choice.trim()) throw wrong("has an empty choice");
      if (choice.includes('"')) throw wrong("has quotation marks in a choice, where they would become part of the sentence");
    }
    if (oneBeginsAll([first, second].map((choice) => choice + parts[1]!))) throw wrong("makes two sentences of which one is the beginning of the other");
    return 2;
  });
}

/**
 * Little-endian uint32: number of tasks, an offset for each (read by upstream only for random subsets, so not
 * here), then the tasks: question, answers with one right, answers with several right (unused by upstream).
 * A text is its length in bytes and its UTF-8; answers are their number, the texts, an int32 label for each.
 */
function multipleChoice(file: string, bytes: Buffer): number[] {
  let at = 0;
  let task = 0;
  const fault = (what: string): ParseError => new ParseError(`${file}, task ${task}, byte ${at}: ${what}.`);
  function take(length: number, what: string): Buffer {
    if (at + length > bytes.length) throw fault(`${what} would end ${at + length - bytes.length} bytes behind the file`);
    return bytes.subarray(at, (at += length));
  }
  const unsigned = (what: string): number => take(4, what).readUInt32LE();
  function text(what: string): string {
    const content = take(unsigned(`the length of ${what}`), what);
    if (!isUtf8(content)) throw fault(`${what} is not UTF-8`);
    return content.toString("utf8");
  }
  function answerList(): { texts: string[]; labels: number[] } {
    const count = unsigned("the number of answers");
    if (count > 100) throw fault(`there are ${count} answers, at most 100 can be`);
    const texts = Array.from({ length: count }, (_, index) => text(`answer ${index + 1}`));
    return { texts, labels: texts.map((_, index) => take(4, `the label of answer ${index + 1}`).readInt32LE()) };
  }

  if (bytes.length < 4) return [];
  const tasks = unsigned("the number of tasks");
  if (tasks * 4 > bytes.length) throw new ParseError(`${file} is no file of llama.cpp's multiple-choice format: it has ${bytes.length} bytes, and the first four say that it holds ${tasks} tasks.`);
  take(tasks * 4, "the table of offsets");
  const counts = Array.from({ length: tasks }, () => {
    task++;
    if (!text("the question").trim()) throw fault("the question is empty");
    const { texts, labels } = answerList();
    if (texts.length < 2) throw fault(`there are ${texts.length} answers, expected at least 2`);
    if (texts.some((answer) => !answer.trim())) throw fault("an answer is empty");
    const isOneRight = labels.every((label) => label === 0 || label === 1) && labels.filter((label) => label === 1).length === 1;
    if (!isOneRight) throw fault(`the labels are ${labels.join(" ")}, expected one 1 among 0s`);
    if (oneBeginsAll(texts)) throw fault("one answer is the beginning of all others");
    answerList();
    return texts.length;
  });
  if (at < bytes.length) throw fault(`the last task ends here, ${bytes.length - at} bytes before the file does`);
  return counts;
}
