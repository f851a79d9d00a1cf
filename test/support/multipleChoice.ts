/** A question with its answers, as in test/data/tasks/multiple-choice.json. */
export interface Question {
  question: string;
  answers: string[];
  /** Position of the right answer from 0. */
  right: number;
}

function unsigned(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([unsigned(bytes.length), bytes]);
}

/**
 * The binary file that `llama-perplexity --multiple-choice` reads; its offsets count from the beginning of the file.
 * Source: `multiple_choice_task` in upstream's tools/perplexity/perplexity.cpp.
 */
export function multipleChoiceBytes(questions: readonly Question[]): Buffer {
  const tasks = questions.map(({ question, answers, right }) => {
    const labels = answers.map((_, index) => unsigned(index === right ? 1 : 0));
    const answersWithSeveralRight = unsigned(0);
    return Buffer.concat([text(question), unsigned(answers.length), ...answers.map(text), ...labels, answersWithSeveralRight]);
  });
  let position = 4 + 4 * tasks.length;
  const offsets = tasks.map((task) => unsigned((position += task.length) - task.length));
  return Buffer.concat([unsigned(tasks.length), ...offsets, ...tasks]);
}
