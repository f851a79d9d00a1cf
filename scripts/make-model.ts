import { Command, Option } from "commander";
import { refuseNpmsOptions } from "../harness/cli/npmOptions.ts";
import { gaussianTensors } from "../harness/gguf/gaussianModel.ts";
import { type FloatType, llamaFields, llamaShapes } from "../harness/gguf/llamaModel.ts";
import { writeGguf } from "../harness/gguf/write.ts";
import { wholeNumber } from "../harness/cli/wholeNumber.ts";
import { entry } from "./entry.ts";

interface Options {
  params: keyof typeof llamaShapes;
  type: Lowercase<FloatType>;
  seed: number;
}

const command = new Command("make-model")
  .description("Write a Llama-shaped GGUF with seeded Gaussian weights, for measuring speed.")
  .argument("<out>", "the file to write")
  .addOption(new Option("--params <size>", "number of weights").choices(Object.keys(llamaShapes)).makeOptionMandatory())
  .addOption(new Option("--type <type>", "type of the weights").choices(["f16", "f32", "bf16"]).default("f16"))
  .option("--seed <number>", "whole number that decides the weights", wholeNumber(0, 4_294_967_295), 1);

await entry(async (signal) => {
  refuseNpmsOptions(command, process.argv.slice(2));
  const [out] = command.parse().processedArgs as [string];
  const { params, type, seed } = command.opts<Options>();
  const floatType = type.toUpperCase() as FloatType;
  const shape = llamaShapes[params];
  await writeGguf(out, llamaFields(`gaussian-${params}`, shape, floatType), gaussianTensors(shape, floatType, seed), signal);
  return `${out} is written.`;
});
