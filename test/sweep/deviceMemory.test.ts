import { beforeEach, expect, it, vi } from "vitest";
import { type Gguf, readGguf } from "../../harness/gguf/read.ts";
import { tensorBytes } from "../../harness/gguf/types.ts";
import { planCell } from "../../harness/jobs/chain.ts";
import type { Job } from "../../harness/jobs/job.ts";
import { demoModel } from "../../harness/paths.ts";
import type { Device } from "../../harness/steps/devices.ts";
import type { FilesRead } from "../../harness/sweep/filesRead.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import { refuseWithoutAnyMemory } from "../../harness/sweep/forecast/deviceMemory.ts";
import { paperTarget } from "../support/target.ts";
import { temporaryFolder } from "../support/temporary.ts";

beforeEach(async () => void vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder()));

const device: Device = { name: "Vulkan0", asked: "Vulkan0", line: "Card X", driver: null, totalBytes: 1e10, freeBytes: 0 };
const on = { ...paperTarget(), device };
const file = { path: demoModel, sha256: "a".repeat(64) };

async function jobsOf(cells: string): Promise<Job[]> {
  const study = parseStudy(`name: s\ncells: [${cells}]`, "s.yaml", () => "");
  const { context, batch, ubatch } = study;
  const gguf = await readGguf(demoModel);
  return Promise.all(study.cells.map(async (cell) => ({
    format: 1 as const, name: cell.name, results: await temporaryFolder(), target: { release: "b0", build: "", threads: 1 },
    steps: planCell({ cell, study, settings: { context, batch, ubatch, chunks: null }, gguf, files: {} }, { model: file, text: file }, on),
  })));
}

/** Bytes that a cell is said to need on a device that has none. */
async function needed(cell: string, freeBytes = 0, atOnce = 1, ready: FilesRead["ready"] = new Map()): Promise<number | null> {
  const refused: unknown = await refuseWithoutAnyMemory(await jobsOf(cell), { gguf: await readGguf(demoModel), ready }, { targets: [{ ...on, memory: Infinity, device: { ...device, freeBytes } }], jobs: atOnce }).then(() => null, (error: unknown) => error);
  return refused === null ? null : Number(/^cell a: evaluate needs about (\d+) bytes on Vulkan0/.exec((refused as Error).message)?.[1]);
}

it("on a device packed codes count as the 8.5 bits that they take there", async () => {
  const [four, eight, packed, native] = [await needed("{ name: a, type: Q4_0 }"), await needed("{ name: a, type: Q8_0 }"), await needed("{ name: a, type: Q4_0, table: basic, container: packed }"), await needed("{ name: a, type: Q8_0, table: basic }")];
  expect(packed).toBe(eight);
  expect(native).toBe(eight);
  const { tensors } = await readGguf(demoModel);
  const weights = tensors.filter(({ shape }) => shape.length === 2).reduce((sum, { elements }) => sum + elements, 0);
  expect(eight! - four!).toBe(weights / 2);
});

it("a device is held to what it has free, for as many cells as are on it at a time", async () => {
  const bytes = (await needed("{ name: a, type: F16 }"))!;
  expect(await needed("{ name: a, type: F16 }", bytes)).toBeNull();
  expect(await needed("{ name: a, type: F16 }", bytes - 1)).toBe(bytes);
  expect(await needed("{ name: a, type: F16 }", bytes, 2)).toBe(2 * bytes);
});

it("a ready-made file counts as large as it is, and where it is packed as it will be", async () => {
  const gguf = await readGguf(demoModel);
  const [first, ...others] = gguf.tensors;
  const ofReady = (file: Gguf): Promise<number | null> => needed("{ name: a, type: F16 }", 0, 1, new Map([["a", { gguf: file }]]));
  const smaller = { ...gguf, fileBytes: gguf.fileBytes - 1000 };
  const [f16, ready] = [(await needed("{ name: a, type: F16 }"))!, (await ofReady(smaller))!];
  expect(ready).toBe(f16 - 1000);
  const own = { "pablo.version": 1, "pablo.scheme": "centred", "pablo.container": "packed", "pablo.tensors": [first!.name] };
  const packed = { ...smaller, metadata: new Map([...gguf.metadata, ...Object.entries(own)]), tensors: [{ ...first!, bytes: 0 }, ...others] };
  expect(await ofReady(packed)).toBe(ready + tensorBytes("Q8_0", first!.elements));
});
