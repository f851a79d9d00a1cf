import { devNull } from "node:os";
import path from "node:path";
import { medianInterval, type MedianInterval } from "../../analysis/medianInterval.ts";
import type { Build } from "../../build/build.ts";
import { quantizeArguments } from "../../steps/quantize.ts";
import { syntheticModel } from "../models.ts";
import { processorSeconds, quantizeModel, writeConf } from "../programs.ts";
import { attempt, makeTally } from "../tally.ts";
import type { Check, RegressContext } from "../types.ts";

/** A patched build may take so much longer, as a share, before it is called slower. */
const tolerance = 0.02;
const leastRounds = 8;
const mostRounds = 15;

interface Task {
  name: string;
  /** Processor time in seconds. */
  measure(build: Build): Promise<number>;
}

/**
 * Hooks off cost nothing: both builds do the same work by turns on one thread, and the processor time that
 * they take is compared. The ratio of a round is free of what the machine does meanwhile to both.
 */
export const speed: Check = {
  name: "speed",
  title: "Hooks off: quantizing in simple mode, reading a prompt and generating take no more time than upstream's.",
  targets: async () => ["llama-quantize", "llama-bench"],
  async run(context) {
    const tally = makeTally();
    const figures: string[] = [];
    for (const task of await tasks(context)) {
      const first = await settle(context, task);
      // Of many intervals some miss: slower is what was found slower twice.
      const found = "value" in first && isSlower(first.value) ? await settle(context, task) : first;
      if ("fault" in found) {
        tally.undecided(`${task.name}: ${found.fault}`);
        continue;
      }
      const { median, interval, count } = found.value;
      const bounds = interval ? `${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}, ` : "";
      const figure = `${task.name} ${median.toFixed(3)} (${bounds}${count} rounds)`;
      figures.push(figure);
      if (!isSlower(found.value)) tally.held();
      else if (context.failOnSpeed) tally.regressed(`slower than upstream: ${figure}`);
      else tally.warned(`slower than upstream: ${figure}`);
    }
    return tally.outcome(`time patched ÷ upstream: ${figures.join(", ")}`);
  },
};

function isSlower({ interval }: MedianInterval): boolean {
  return interval !== null && interval.low > 1 + tolerance;
}

function isAsFast({ interval }: MedianInterval): boolean {
  return interval !== null && interval.high < 1 + tolerance;
}

/** Rounds until the interval of the median ratio lies on one side of the tolerance, or there are enough. */
async function settle(context: RegressContext, { name, measure }: Task): Promise<{ value: MedianInterval } | { fault: string }> {
  const ratios: number[] = [];
  for (;;) {
    context.report(`${name}, round ${ratios.length + 1}`);
    const seconds = { upstream: 0, patched: 0 };
    // A machine that gets slower or faster does so to both alike.
    const order = ratios.length % 2 === 0 ? [context.upstream, context.patched] : [context.patched, context.upstream];
    for (const build of order) {
      const measured = await attempt(() => measure(build), context.signal);
      if ("fault" in measured) return { fault: `the ${build.variant} program failed: ${measured.fault}` };
      seconds[build.variant] = measured.value;
    }
    ratios.push(seconds.patched / seconds.upstream);
    const value = medianInterval(ratios);
    const isClear = isSlower(value) || isAsFast(value);
    if (ratios.length >= (isClear ? leastRounds : mostRounds)) return { value };
  }
}

async function tasks(context: RegressContext): Promise<Task[]> {
  const { folder, patched, upstream } = context;
  const model = await syntheticModel(folder, "medium");
  const conf = await writeConf("simple.conf", "0 0 0\n", context);
  const quantizing = (type: string): Task => ({
    name: `quantize ${type}`,
    measure: (build) => {
      // Written to nowhere: a disk's moods are no property of a program.
      const args = quantizeArguments({ type, pure: true }, { model: model.path, quantized: devNull }, "1");
      return leastOf(3, () => processorSeconds(build, "llama-quantize", args, context, build === patched ? conf : null));
    },
  });
  const reading = async (name: string, type: string, amount: string[]): Promise<Task> => {
    const to = path.join(folder, `speed-${type}.gguf`);
    await quantizeModel(upstream, { model: model.path, to, type, pure: true, threads: 1 }, context);
    const args = ["-m", to, "-t", "1", "-r", "10", ...amount];
    return { name: `${name} ${type}`, measure: (build) => processorSeconds(build, "llama-bench", args, context) };
  };
  return [
    quantizing("Q4_0"),
    quantizing("Q8_0"),
    await reading("prompt", "Q4_0", ["-p", "128", "-n", "0"]),
    await reading("generate", "Q8_0", ["-p", "0", "-n", "32"]),
  ];
}

async function leastOf(times: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  while (values.length < times) values.push(await measure());
  return Math.min(...values);
}
