import { existsSync } from "node:fs";
import { readFile, truncate, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { forecastText } from "../../harness/cli/forecastText.ts";
import { readRates } from "../../harness/store/rates.ts";
import type { Forecast } from "../../harness/sweep/forecast/forecast.ts";
import { memoryThere } from "../../harness/memory.ts";
import { folderOf, makeLab } from "../support/sweepLab.ts";
import { smallQuantized } from "../support/smallModel.ts";
import { temporaryFolder } from "../support/temporary.ts";

beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder()));

const whys = ({ cells }: Forecast): Record<string, string | null> => Object.fromEntries(cells.map(({ name, why }) => [name, why]));

it("before the first sweep every cell is to be run, no time is known, and nothing is made", async () => {
  const lab = await makeLab();
  const planned = await lab.plan();
  expect(whys(planned)).toEqual({ f16: "it was never run", a: "it was never run", b: "it was never run" });
  expect(planned.time.unknown).toEqual(expect.arrayContaining(["quantize", "evaluate"]));
  expect(forecastText(planned)).toMatch(/never run on this machine/);
  expect(existsSync(lab.out)).toBe(false);
  expect(await lab.calls()).toEqual([]);
});

it("afterwards nothing is to be run, and for another folder the time is known from what it took", async () => {
  const lab = await makeLab();
  await lab.run();
  const again = await lab.plan();
  expect(whys(again)).toEqual({ f16: null, a: null, b: null });
  expect(again.disk.peak).toBe(0);
  const other = await lab.plan({ out: path.join(lab.folder, "other") });
  expect(other.time.unknown).toEqual([]);
  expect(other.time.seconds).toBeGreaterThan(0);
});

it("says what of a key changed, and since when", async () => {
  const lab = await makeLab();
  await lab.run();
  const { date } = JSON.parse(await readFile(path.join(await folderOf(lab, "a", "quantize"), "record.json"), "utf8").then((text) => text.slice(text.indexOf("{")))) as { date?: string };
  const study = path.join(lab.folder, "s.yaml");
  const before = await readFile(study, "utf8");
  await writeFile(study, before.replace("IQ4_NL", "Q4_0"));
  const { a, b } = whys(await lab.plan());
  expect(a).toMatch(/^quantize of \d{4}-\d\d-\d\d \d\d:\d\d had another key: type IQ4_NL → Q4_0; scheme none → 0 0 0/);
  if (date !== undefined) expect(a).toContain(date.slice(0, 10));
  expect(b).toBeNull();
  await writeFile(study, before.replace("context: 8", "context: 16"));
  expect(whys(await lab.plan())["b"]).toMatch(/^evaluate of .* had another key: context 8 → 16$/);
  await writeFile(study, before);
  await writeFile(path.join(lab.folder, "text.txt"), "Other words, of which there are enough for two contexts.\n");
  expect(whys(await lab.plan())["b"]).toMatch(/^evaluate of .*: the text has another content$/);
});

it("tells a cell that failed, one whose record is damaged, and one that was stopped", async () => {
  const lab = await makeLab();
  await lab.run({}, { quantize: 'if [ "$type" = IQ4_NL ]; then echo "out of paper" >&2; exit 3; fi; cp "$made" "$quantized"' });
  await truncate(path.join(await folderOf(lab, "b"), "record.json"), 10);
  expect(whys(await lab.plan())).toEqual({ f16: null, a: expect.stringMatching(/^quantize failed on .*: llama-quantize ended with exit code 3: out of paper$/) as unknown, b: "the record of evaluate is damaged" });
});

it("a sweep that memory cannot hold is refused with the numbers, and so is its plan", async () => {
  const lab = await makeLab();
  vi.spyOn(process, "constrainedMemory").mockReturnValue(1e8);
  const said = /^cell \w+: (evaluate|quantize) needs \d+ bytes of memory, and this machine has 100000000; /;
  expect((await lab.plan()).refusal).toMatch(said);
  await expect(lab.run()).rejects.toThrow(said);
  expect(await lab.calls()).toEqual([]);
});

it("a limit above the machine's own memory is none", () => {
  expect(memoryThere(100, 18e18)).toBe(100);
  expect(memoryThere(100, 0)).toBe(100);
  expect(memoryThere(100, 60)).toBe(60);
});

it("plans for a model that is not at hand by its shape, whose weights take no room", async () => {
  const lab = await makeLab();
  const planned = await lab.plan({ shape: "70b", chunks: 10 });
  expect(planned.model.bytes).toBeGreaterThan(137e9);
  expect(planned.model.bytes).toBeLessThan(138.5e9);
  expect(planned.memory).toMatchObject({ cell: "f16", step: "evaluate" });
  expect(planned.memory!.bytes).toBeGreaterThan(planned.model.bytes);
  expect(existsSync(lab.out)).toBe(false);
});

it("a ready-made file is planned by its own size, as the same made here", async () => {
  const lab = await makeLab();
  const ready = path.join(lab.folder, "ready.yaml");
  await writeFile(ready, `name: s\ncontext: 8\nbatch: 8\ncells:\n  - { name: b, model: ${path.join(await smallQuantized(), "Q4_1.gguf")} }\n`);
  const [made, given, f16] = [await lab.plan({ only: "b" }), await lab.plan({ study: ready }), await lab.plan({ only: "f16" })];
  const over = ({ memory }: Forecast): number => memory!.bytes - made.memory!.bytes;
  expect(Math.abs(over(given))).toBeLessThan(2e3);
  expect(over(f16)).toBeGreaterThan(2e4);
});

it("says what it assumes of cells that go on at the same time, which leave no times behind", async () => {
  const lab = await makeLab();
  const threads = availableParallelism();
  await lab.run({ jobs: 2, threads });
  expect((await readRates()).map(({ of }) => of)).toEqual([]);
  await lab.run({ threads, out: path.join(lab.folder, "alone") });
  const [one, two] = [await lab.plan({ threads, out: path.join(lab.folder, "other") }), await lab.plan({ threads, jobs: 2, out: path.join(lab.folder, "other") })];
  expect(two.time.unknown).toEqual([]);
  expect(two.time.seconds).toBeCloseTo(one.time.seconds, 6);
  expect(forecastText(one)).not.toMatch(/at a time/);
  expect(forecastText(two)).toMatch(/2 cells at a time, whose programs share \d+ processors/);
});

it("a table that several cells ask for is fitted once, behind the importance matrix that it needs", async () => {
  const lab = await makeLab();
  const study = path.join(lab.folder, "fitted.yaml");
  const cell = "encode: nearest, scale: search, table: { fit: { method: lloyd-max, weights: imatrix } }";
  await writeFile(study, `name: s\ncontext: 8\nbatch: 8\ncalibration: { text: demo, chunks: 2 }\ncells: [{ name: a, type: Q8_0, ${cell} }, { name: b, type: Q4_0, container: packed, ${cell} }]\n`);
  const { fits, steps } = await lab.plan({ study });
  expect(fits.map(({ name, time: { unknown } }) => [name, unknown])).toEqual([["a", ["imatrix", "fit"]]]);
  expect(steps.map(({ step }) => step)).toContain("imatrix");
});
