import { copyFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, expect, vi } from "vitest";
import { demoModel, projectRoot } from "../../harness/paths.ts";
import { loadResults } from "../../harness/report/load.ts";
import { writeReports } from "../../harness/report/reports.ts";
import { calibrationTexts, ensureDemoText } from "../../harness/sweep/knownTexts.ts";
import type { SweepEvent } from "../../harness/sweep/events.ts";
import { sweep } from "../../harness/sweep/sweep.ts";
import { makeRealLab, type RealLab, tablesOf } from "../support/realLab.ts";
import { faultRow } from "./row.ts";

const ways = {
  "renamed over": (file: string, other: Buffer) => (writeFileSync(`${file}.new`, other), renameSync(`${file}.new`, file)),
  "written in place": (file: string, other: Buffer) => writeFileSync(file, other),
  "touched and changed back": (file: string, other: Buffer) => {
    copyFileSync(file, `${file}.before`);
    writeFileSync(file, other);
    utimesSync(file, new Date(), new Date());
    copyFileSync(`${file}.before`, file);
  },
};

/** A step, and what it reads that is changed while it runs. */
const changes = [
  ["imatrix", "model"], ["imatrix", "training"], ["quantize", "model"], ["count", "model"],
  ["reference", "model"], ["reference", "text"], ["winogrande", "tasks"], ["imatrix", "model"],
  ["imatrix", "training"], ["reference", "text"], ["quantize", "model"], ["winogrande", "tasks"],
] as const;

type Input = (typeof changes)[number][1];

let lab: RealLab;
let clean: Record<string, unknown>;
beforeAll(async () => {
  lab = await makeRealLab();
  vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
  const { failed } = await runWith(await inputs(lab.folder), path.join(lab.folder, "clean"));
  expect(failed).toEqual([]);
  clean = await tablesOf(path.join(lab.folder, "clean"));
});

/** Files of the test's own, and a study that names them. */
async function inputs(folder: string): Promise<Record<Input | "study", string>> {
  const [model, text, training, tasks, study] = ["model.gguf", "text.txt", "training.txt", "tasks.csv", "study.yaml"].map((name) => path.join(folder, name)) as [string, string, string, string, string];
  await copyFile(demoModel, model);
  await copyFile(await ensureDemoText(), text);
  await copyFile(await calibrationTexts["demo"]!(), training);
  await copyFile(path.join(projectRoot, "test", "data", "tasks", "winogrande.csv"), tasks);
  await writeFile(study, `name: changed\ncontext: 128\nbatch: 128\nchunks: 2\nkl_divergence: true\nwinogrande: tasks.csv\nimatrix: { text: training.txt, chunks: 2 }\ncells:\n  - { name: iq4, type: IQ4_NL, imatrix: true }\n`);
  return { model, text, training, tasks, study };
}

async function runWith({ model, text, study }: Record<Input | "study", string>, out: string, report: (event: SweepEvent) => void = () => undefined): Promise<{ failed: { reason: string }[] }> {
  const ended = await sweep({ study, model, text, out, threads: 2 }, report, new AbortController().signal);
  await writeReports(await loadResults(out));
  return ended;
}

function isOf(step: string, event: SweepEvent): boolean {
  return event.kind === "note" ? step === "imatrix" && event.text.startsWith("computing an importance matrix") : event.kind === "cell" && event.step === step;
}

faultRow("an input changed while a step reads it", changes.length, async (index) => {
  const own = await makeRealLab(path.join(lab.folder, String(index)));
  vi.stubEnv("QUANTFLEX_CACHE", own.cache);
  const given = await inputs(own.folder);
  const [step, input] = changes[index]!;
  const file = given[input];
  const before = await readFile(file);
  const [way, change] = Object.entries(ways)[index % 3]!;
  let changed = false;
  const ended = await runWith(given, path.join(own.folder, "out"), (event) => {
    if (changed || !isOf(step, event)) return;
    changed = true;
    change(file, otherContent(input, before));
  });
  expect(changed).toBe(true);
  expect(ended.failed.map(({ reason }) => reason), `${step}, ${input}, ${way}`).toEqual([expect.stringContaining(file)]);
  // Nothing of it is stored by the name of what was there before.
  await writeFile(file, before);
  expect((await runWith(given, path.join(own.folder, "out"))).failed).toEqual([]);
  expect(await tablesOf(path.join(own.folder, "out")), `${step}, ${input}, ${way}`).toEqual(clean);
});

/** Something else of the same kind: weights at the file's end, another part of a text, the tasks in another order. */
function otherContent(input: Input, before: Buffer): Buffer {
  if (input === "model") {
    const other = Buffer.from(before);
    for (let at = other.length - 40_000; at < other.length; at += 2) other[at] = other[at]! ^ 0x3;
    return other;
  }
  if (input === "tasks") return Buffer.from(`${before.toString("utf8").trim().split("\n").reverse().join("\n")}\n`);
  return before.subarray(before.indexOf(10, before.length >> 1) + 1);
}
