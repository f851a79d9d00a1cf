import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { alignedTable } from "../alignedTable.ts";
import { type FeedbackRequest, holds, measureFeedback } from "../bench/feedback.ts";
import { llamaShapes } from "../gguf/llamaModel.ts";
import type { CommandIo } from "./io.ts";
import { positiveNumber } from "./positiveNumber.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

/** Adds `bench feedback`: what error feedback costs. */
export function addBenchFeedbackCommand(bench: Command, io: CommandIo): void {
  bench
    .command("feedback")
    .description("measure what error feedback costs: collecting second moments, quantizing by them, and its products beside ggml's")
    .addOption(new Option("--params <size>", "model of random weights").choices(Object.keys(llamaShapes)).default("100m"))
    .option("--chunks <n>", "chunks of 512 tokens that moments are collected on", wholeNumber(...limits.chunks), 16)
    .option("--memory <GB>", "memory for second moments while they are collected", positiveNumber, 1)
    .option("--threads <n>", "threads of each program", wholeNumber(...limits.threads), availableParallelism())
    .action(async ({ memory, ...request }: FeedbackRequest) => {
      const rows = await measureFeedback({ ...request, memory: memory * 1e9 }, io.print, io.signal);
      const lines = rows.map((row) => [
        row.name, `${row.value.toFixed(2)}${row.unit && ` ${row.unit}`}`, "most" in row.wanted ? `≤ ${row.wanted.most}` : `≥ ${row.wanted.least}`, holds(row) ? "yes" : "NO",
      ]);
      io.print(`\n${alignedTable([["what", "measured", "wanted", "holds?"], ...lines], (column) => column === 1)}`);
    });
}
