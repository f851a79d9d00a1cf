import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import type { Executed } from "../../harness/jobs/execute.ts";
import type { PlannedStep } from "../../harness/jobs/job.ts";
import { keepStepRate } from "../../harness/jobs/keepStepRate.ts";
import { stepRate } from "../../harness/jobs/work.ts";
import { demoModel, projectRoot } from "../../harness/paths.ts";
import type { Device } from "../../harness/steps/devices.ts";
import type { Target } from "../../harness/steps/step.ts";
import { readRates, type RateOf } from "../../harness/store/rates.ts";
import { expectedSeconds } from "../../harness/sweep/forecast/times.ts";
import { paperTarget } from "../support/target.ts";
import { temporaryFolder } from "../support/temporary.ts";

let folder = "";
beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", (folder = await temporaryFolder())));

const step = (name: string, config: object, inputs: PlannedStep["inputs"] = {}): PlannedStep => ({ step: name, key: name.padEnd(64, "0"), growing: null, config: { ...config }, inputs });
const device: Device = { name: "Vulkan0", asked: "Vulkan0", line: "Card X", driver: null, totalBytes: 1e10, freeBytes: 0 };

/** Keeps what a step took; a new cache has nothing else. */
async function kept(planned: PlannedStep, seconds: number, on: Target, model = demoModel): Promise<void> {
  const training = path.join(folder, "training.txt");
  await writeFile(training, "some words ".repeat(1000));
  const executed = { record: { seconds, result: {} }, kept: {} } as unknown as Executed;
  await keepStepRate(planned, new Map(), executed, { model, training }, on);
}

it("second moments that were collected in several passes are remembered as so much work", async () => {
  const on = paperTarget();
  const works: number[] = [];
  for (const memory of [1e9, 0.003e9]) {
    await kept(step("moments", { context: 32, chunks: 4 }), 1, { ...on, memory }, path.join(projectRoot, "models", "prose-7m", "prose-7m-f16.gguf"));
    works.push(Math.max(...(await readRates()).map(({ work }) => work)));
  }
  // So many llama-moments says that it does.
  expect(works[1]).toBe(6 * works[0]!);
});

it("a ready-made file is told from the model, and from others by its type, as the step that counts it has it", () => {
  const evaluate = step("evaluate", { context: 8 }, { quantized: { file: "/m.gguf", sha256: "b".repeat(64) } });
  const kindOf = (counted: object | null): string => stepRate(evaluate, new Map(counted ? [["c", step("count", counted)]] : []), { weights: 1, active: 1, chunks: 1 }, paperTarget()).kind;
  expect(kindOf({ type: "F16", own: [] })).toBe("as given");
  expect(kindOf({ type: "Q4_0", own: [], ready: true })).toBe("Q4_0 ready");
  expect(kindOf({ type: "Q4_0", own: ["Q4_0"], ready: true })).toBe("Q4_0 ready own");
  expect(kindOf(null)).toBe("as given");
});

it("what a device computes takes as long with any number of threads, but for second moments, whose products are the processor's", () => {
  const asked = (name: string, threads: number): RateOf => stepRate(step(name, { context: 8 }), new Map(), { weights: 1e6, active: 1e6, chunks: 10 }, { ...paperTarget(), threads: String(threads), device });
  const secondsWith = (name: string, threads: number): number | null => expectedSeconds([{ ...asked(name, 16), machine: "any", seconds: [11] }], asked(name, threads)).seconds;
  for (const name of ["evaluate", "reference", "imatrix"]) expect(secondsWith(name, 1), name).toBe(11);
  for (const name of ["moments", "quantize"]) expect(secondsWith(name, 1), name).toBe(176);
  // As earlier versions remembered it.
  expect(expectedSeconds([{ ...asked("evaluate", 16), threads: 16, machine: "any", seconds: [11] }], asked("evaluate", 1)).seconds).toBe(11);
});

it("a step is not remembered that shared processors or its device with other cells", async () => {
  const asked = step("imatrix", { context: 32, chunks: 4 });
  const on = (threads: number, inAll: number, onDevice: number): Target => ({ ...paperTarget(), threads: String(threads), atOnce: { inAll, onDevice } });
  await kept(asked, 1, on(availableParallelism(), 2, 2));
  await kept(asked, 1, { ...on(1, 2, 2), device });
  expect(await readRates()).toEqual([]);
  await kept(asked, 1, { ...on(availableParallelism(), 2, 1), device });
  await kept(asked, 1, on(1, availableParallelism(), availableParallelism()));
  expect(await readRates()).toHaveLength(2);
});
