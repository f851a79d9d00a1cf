import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it, vi } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import { planCell } from "../../harness/jobs/chain.ts";
import type { Job } from "../../harness/jobs/job.ts";
import { growingOf, storedParts } from "../../harness/jobs/runPart.ts";
import { demoModel } from "../../harness/paths.ts";
import { partFile } from "../../harness/steps/partFrames.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { encodeFrame, inventFrames } from "../support/frames.ts";
import { keepReference } from "../support/reference.ts";
import { paperTarget } from "../support/target.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("of a comparison that began with a smaller reference those parts are done that have their chunks, by the reference that there is now", async () => {
  vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder());
  const folder = await temporaryFolder();
  const text = path.join(folder, "text.txt");
  await writeFile(text, "Some words that are long enough for many contexts. ".repeat(100));
  const on = paperTarget();
  const study = parseStudy("name: s\ncontext: 8\nbatch: 32\nkl_divergence: true\ncells: [{ name: a, type: Q4_0 }]", "s.yaml", () => "");
  const given = { model: { path: demoModel, sha256: "a".repeat(64) }, text: { path: text, sha256: "b".repeat(64) } };
  const steps = planCell({ cell: study.cells[0]!, study, settings: { context: 8, batch: 32, ubatch: 32, chunks: 64 }, gguf: await readGguf(demoModel), files: {} }, given, on);
  const job: Job = { format: 1, name: "a", results: path.join(folder, "out"), target: { release: on.build.release, build: on.build.key, threads: 3 }, steps };
  const stored = (): Promise<number[]> => storedParts(job, [1, 2, 3, 4], 4);
  const put = async (file: string, first: number, chunks: number): Promise<void> => {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, Buffer.concat(inventFrames({ first, chunks, contextTokens: 8 }).map((frame) => encodeFrame({ ...frame, availableChunks: first + chunks }))));
  };
  await put(growingOf(job), 0, 8);
  expect(await stored()).toEqual([]);
  await put(partFile(growingOf(job), 16).file, 16, 16);
  await put(partFile(growingOf(job), 48).file, 48, 12);
  expect(await stored()).toEqual([2]);
  // The text turned out to have fewer chunks than were asked for.
  await keepReference(steps, 60);
  expect(await stored()).toEqual([2, 4]);
});
