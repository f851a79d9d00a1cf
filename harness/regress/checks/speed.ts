import { devNull } from "node:os";
import path from "node:path";
import type { Build } from "../../build/build.ts";
import { UserError } from "../../errors.ts";
import { parseBench } from "../../parse/bench.ts";
import { parseQuantize } from "../../parse/quantize.ts";
import { medianInterval, type MedianInterval } from "../medianInterval.ts";
import { syntheticModel } from "../models.ts";
import { quantizeModel, runProgram, writeConf } from "../programs.ts";
import { attempt, makeTally } from "../tally.ts";
import type { Check, RegressContext } from "../types.ts";

/** A patched build may take so much longer, as a share, before it is called slower. */
const tolerance = 0.02;
const leastRounds = 6;
const mostRounds = 30;

interface Task {
  name: string;
  /** Seconds, or anything that is proportional to them. */
  measure(build: Build): Promise<number>;
}

/**
 * Hooks off cost nothing: both builds do the same work by turns, each on one thread, so that nothing
 * waits for another. The ratio of a round is free of what the machine does meanwhile to both.
 */
export const speed: Check = {
  name: "speed",
  title: "Hooks off: quantizing in simple mode, reading a prompt and generating are as fast as upstream's.",
  targets: async () => ["llama-quantize", "llama-bench"],
  async run(context) {
    const tally = makeTally();
    const figures: string[] = [];
    for (const task of await tasks(context)) {
      const found = await settle(context, task);
      if ("fault" in found) {
        tally.undecided(`${task.name}: ${found.fault}`);
        continue;
      }
      const { median, low, high, count } = found.value;
      const figure = `${task.name} ${median.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)}, ${count} rounds)`;
      figures.push(figure);
      if (low <= 1 + tolerance) tally.held();
      else if (context.failOnSpeed) tally.regressed(`slower than upstream: ${figure}`);
      else tally.warned(`slower than upstream: ${figure}`);
    }
    return tally.outcome(`time patched ÷ upstream: ${figures.join(", ")}`);
  },
};

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
    const interval = medianInterval(ratios);
    const clear = interval.low > 1 + tolerance || interval.high < 1 + tolerance;
    if (ratios.length >= (clear ? leastRounds : mostRounds)) return { value: interval };
  }
}

async function tasks(context: RegressContext): Promise<Task[]> {
  const { folder, patched, upstream, signal } = context;
  const model = await syntheticModel(folder, "medium");
  const conf = await writeConf("simple.conf", "0 0 0\n", context);
  const quantizing = (type: string): Task => ({
    name: `quantize ${type}`,
    // Written to nowhere: a disk's moods are no property of a program.
    measure: async (build) => {
      const what = { model: model.path, to: devNull, type, pure: true, threads: 1, conf: build === patched ? conf : null };
      const times = [];
      for (let repeat = 0; repeat < 3; repeat++) times.push(parseQuantize(await quantizeModel(build, what, context)).seconds);
      return Math.min(...times);
    },
  });
  const reading = async (type: string): Promise<Task[]> => {
    const to = path.join(folder, `speed-${type}.gguf`);
    const made = await attempt(() => quantizeModel(upstream, { model: model.path, to, type, pure: true, threads: 1 }, context), signal);
    const measure = (kind: string[]) => async (build: Build): Promise<number> => {
      if ("fault" in made) throw new UserError(made.fault);
      const { stdout } = await runProgram(build, "llama-bench", ["-m", to, "-t", "1", "-r", "5", ...kind, "-o", "json"], context);
      return 1 / Math.max(...parseBench(stdout).flatMap(({ samples }) => samples));
    };
    return [
      { name: `prompt ${type}`, measure: measure(["-p", "128", "-n", "0"]) },
      { name: `generate ${type}`, measure: measure(["-p", "0", "-n", "32"]) },
    ];
  };
  return [quantizing("Q4_0"), quantizing("Q8_0"), ...(await reading("Q4_0")), ...(await reading("Q8_0"))];
}
