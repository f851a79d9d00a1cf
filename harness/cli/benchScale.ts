import { type Command, InvalidArgumentError } from "commander";
import { alignedTable } from "../alignedTable.ts";
import { foretold, trust } from "../bench/scale/foretold.ts";
import { type ScaleRequest, shapeCosts } from "../bench/scale/shapes.ts";
import { knownShapes } from "../gguf/llamaModel.ts";
import { readRates } from "../store/rates.ts";
import type { CommandIo } from "./io.ts";
import { nameList } from "./nameList.ts";
import { positiveNumber } from "./positiveNumber.ts";
import { limits, wholeNumber } from "./wholeNumber.ts";

const shapes = Object.keys(knownShapes) as (keyof typeof knownShapes)[];

interface Options extends Omit<ScaleRequest, "gpuSpeed"> {
  tflops?: number;
}

/** Adds `bench scale`: what studies of large models take, and how far that can be believed. */
export function addBenchScaleCommand(bench: Command, io: CommandIo): void {
  bench
    .command("scale")
    .description("say what a study of larger models would take, by what runs took here, and how well smaller runs foretold larger ones")
    .option("--study <file>", "study to plan", "scale")
    .option("--shapes <names>", `of ${shapes.join(", ")}, commas between`, nameList(shapes), shapes)
    .option("--chunks <n>", "chunks of 512 tokens: wikitext-2's test text has 655 of Llama-2's tokens", wholeNumber(...limits.chunks), 655)
    .option("--cores <numbers>", "cores of a node, commas between", coreList, [16, 64])
    .option("--memory <gb>", "memory of a node, in GB", positiveNumber, 256)
    .option("--tflops <n>", "what a GPU does on long prompts, in 10^12 operations a second", positiveNumber)
    .action(async ({ tflops, memory, ...asked }: Options) => {
      const told = trust(foretold(await readRates()));
      io.print("Times of larger runs on this machine, foretold from runs of less than a third of their work:");
      io.print(`${alignedTable([["step", "runs", "half are off by a factor of", "nine in ten by"], ...told.map(({ of, runs, half, most }) => [of, String(runs), half.toFixed(2), most.toFixed(2)])], (column) => column > 0)}\n`);
      const costs = await shapeCosts({ ...asked, memory: memory * 1e9, gpuSpeed: tflops === undefined ? null : tflops * 1e12 }, io.signal);
      const bytes = (value: number): string => (value / 1e9).toFixed(0);
      io.print(`${alignedTable([
        ["shape", "model, GB", "disk, GB", "memory, GB", ...asked.cores.map((cores) => `hours on ${cores} cores`), ...(tflops === undefined ? [] : [`hours at ${tflops} TFLOP/s`]), "unknown"],
        ...costs.map(({ shape, model, disk, memory, hours, gpuHours, unknown }) => [shape, bytes(model), bytes(disk), bytes(memory), ...[...hours.values()].map((value) => value.toFixed(1)), ...(gpuHours === null ? [] : [gpuHours.toFixed(1)]), unknown.join(" ")]),
      ], (column) => column > 0)}`);
    });
}

function coreList(text: string): number[] {
  const numbers = text.split(",").map(Number);
  if (numbers.some((number) => !Number.isInteger(number) || number < 1)) throw new InvalidArgumentError("It must be whole numbers from 1, commas between.");
  return numbers;
}
