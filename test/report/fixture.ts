import { chiSquare, entropy, expectedZeroRuns } from "../../harness/analysis/entropy.ts";
import { shares, total } from "../../harness/analysis/histogram.ts";
import { hashText } from "../../harness/hash.ts";
import { stepNamed } from "../../harness/jobs/stepNamed.ts";
import { cellRecord } from "../../harness/report/cellRecord.ts";
import type { CellResult, Results } from "../../harness/report/load.ts";
import { type Plan, writePlan } from "../../harness/store/plan.ts";
import { sealRecord, stepKey, type StepRecord } from "../../harness/store/record.ts";
import { resultsStore, writeRecord } from "../../harness/store/store.ts";
import { parseStudy } from "../../harness/study/parse.ts";
import type { Cell } from "../../harness/study/types.ts";
import { codeOfByte } from "../analysis/schemes.ts";

const hash = (letter: string): string => letter.repeat(64);
const elements = 4096;
const bytesOf: Record<string, number> = { F16: 2, Q8_0: 34 / 32, Q4_1: 20 / 32 };

const study = `
name: fixture
cells:
  - { name: f16, type: F16 }
  - { name: "q4_0{-decode}", type: Q4_0, decode: [exact, published] }
  - { name: "q4_0-own-r{radius}", type: Q4_0, radius: [0, 1, 2, 3] }
  - { name: q8_0, type: Q8_0 }
  - { name: "q8_0-own-{table}{-decode}", type: Q8_0, table: [basic, balanced], decode: [exact, published] }
  - { name: packed, type: Q4_0, table: balanced, container: packed }
  - { name: iq4_nl, type: IQ4_NL }
  - { name: q4_1, type: Q4_1 }
`;

/** Made-up perplexities; in the order of the cells' names above. */
const perplexities: Record<string, number> = {
  "f16": 13.65, "q4_0": 14.02, "q4_0-published": 6763, "q4_0-own-r0": 14.02, "q4_0-own-r1": 15.37, "q4_0-own-r2": 25.4, "q4_0-own-r3": 105.8, "q8_0": 13.66,
  "q8_0-own-basic": 5.3e6, "q8_0-own-basic-published": 885.2, "q8_0-own-balanced": 16.16, "q8_0-own-balanced-published": 891.1,
  "packed": 13.9, "iq4_nl": 13.93, "q4_1": 13.98,
};

function bell(size: number, spread: number): number[] {
  return Array.from({ length: size }, (_item, index) => Math.round(1e6 * Math.exp(-(((index - size / 2) / spread) ** 2) / 2)));
}

function codesOf({ type, mode, radius, table, container }: Cell): { firstCode: number; counts: number[] } | null {
  if (mode === "upstream") return null;
  const bytes = bell(256, 40).map((count, index) => (index === 1 || index === 255 ? count + 600_000 : index === 0 ? 0 : count));
  if (table) {
    const counts = Array<number>(16).fill(0);
    codeOfByte(table).forEach((code, index) => (counts[code + 8]! += bytes[index]!));
    return { firstCode: -8, counts };
  }
  if (type === "Q8_0" && container === "native") return { firstCode: -128, counts: bytes };
  const counts = bell(16, 3.6);
  if (radius === undefined) return { firstCode: 0, counts };
  const zeroed = counts.map((count, index) => (Math.abs(index - 8) <= radius ? 0 : count));
  zeroed[8] = total(counts) - total(zeroed);
  return { firstCode: -8, counts: zeroed };
}

/** What a cell's steps found, made up, by their names. */
function resultsOf(cell: Cell): Record<string, object> {
  const codes = codesOf(cell);
  const ppl = perplexities[cell.name] ?? 14;
  const runs = codes && expectedZeroRuns(total(codes.counts), shares(codes.counts)[-codes.firstCode] ?? 0);
  const measuredRuns = runs?.map((count, index) => Math.round(count * (1 + 0.004 * index))) ?? null;
  const chunks = Array.from({ length: 12 }, (_item, index) => Math.log(ppl) + 0.1 * Math.sin(index) + 1e-4 * Math.cos(ppl * index));
  const kld = cell.type === "F16" ? null : Math.log(ppl / 13.6) ** 2 + 2e-4;
  const sizes = { packed: elements / 2, "zstd-3": Math.round(elements * 0.49), "zstd-19": Math.round(elements * 0.48), xz: null };
  const bits = codes ? entropy(codes.counts) : 0;
  const stream = codes && {
    tensor: "*", type: cell.type, alphabet: codes.counts.length, codes: total(codes.counts), zeroShare: 0.1, entropy: bits, conditionalEntropy: bits, huffman: bits + 0.02, rangeCoder: bits + 0.01, sizes,
  };
  const names = ["blk.0.attn_q.weight", "blk.1.attn_q.weight", "blk.0.ffn_down.weight", "blk.1.ffn_down.weight", "token_embd.weight"];
  return {
    ...(cell.type !== "F16" && { quantize: { quantizeSeconds: 1 } }),
    count: {
      file: { sha256: hash("c"), bytes: 20_000 },
      tensors: names.map((name) => ({ name, shape: [64, 64], type: cell.type, bytes: elements * (bytesOf[cell.type] ?? 18 / 32), elements, fallback: null })),
      histogram: codes && measuredRuns && { zeroRuns: measuredRuns, tensors: [{ name: names[0]!, type: cell.type, ...codes }] },
      weightErrors: cell.type === "F16" ? [] : names.map((name, index) => ({ name, type: cell.type, relative: (1 + 0.1 * index) * 0.004 * (ppl < 14 ? 1 : 2) })),
    },
    ...(stream && measuredRuns && runs && {
      compress: {
        compression: {
          streams: [stream], file: { bytes: 20_000, "zstd-3": 19_000, "zstd-19": 18_900, xz: null }, sampledBytes: null,
          zeroRuns: { measured: measuredRuns, expected: runs, chiSquare: chiSquare(measuredRuns, runs).statistic, degreesOfFreedom: 5, probability: 0.5 },
        },
      },
    }),
    evaluate: {
      perplexity: { ppl, error: ppl * 0.012, nll: Math.log(ppl), chunks },
      divergence: kld === null ? null : {
        mean: kld, error: kld / 40, median: kld / 2, p90: kld, p95: kld, p99: kld, p999: kld, maximum: kld, sameTop: 90, sameTopError: 0.2,
        probabilityRms: 2, probabilityRmsError: 0.1, probabilityMean: -0.1, probabilityMeanError: 0.1,
        chunks: chunks.map((_nll, index) => kld * (1 + 0.05 * Math.sin(index) + 1e-3 * Math.cos(ppl * index))), chunkErrors: null,
      },
      perplexitySeconds: 2, tokensPerSecond: 1000 + ppl,
    },
  };
}

/** A step's record, its result checked as the step checks it. */
export function stepRecord(step: string, cell: string, result: object, files: StepRecord["files"] = {}): StepRecord {
  const inputs = { step, version: 1, argv: step === "evaluate" ? ["llama-perplexity", "-m", "{quantized}"] : [], config: { cell, conf: null }, facts: {}, inputs: {} };
  return {
    key: stepKey(inputs), inputs, result: stepNamed(step).result.parse(result) as Record<string, unknown>,
    argv: step === "evaluate" ? ["llama-perplexity", "-m", "/m.gguf"] : [], seconds: 1, date: "2026-01-01T00:00:00.000Z", files,
  };
}

/** The plan of a study whose steps have these records. */
export function planOf(cells: readonly { cell: Cell; records: readonly Pick<StepRecord, "key" | "inputs">[] }[], study: Plan["study"]): Plan {
  const content = { name: "m", path: "/m.gguf", sha256: hash("a"), bytes: 1000 };
  return {
    format: 4, study, model: content, text: { ...content, name: "t" },
    parameters: { context: 512, batch: 2048, ubatch: 512, threads: 1, chunks: null }, options: { klDivergence: true, calibrations: {}, files: {} },
    build: { release: "b0", key: "k", tree: "t", libraryHash: "l", compiler: "c", cmakeFlags: ["-DX=1"], cpu: "x", features: "x64" },
    versions: { node: "v20" }, machine: { platform: "p", cpuModel: "c", processors: 1, memoryBytes: 2 ** 33 }, argv: ["quantflex", "sweep", "--study", "fixture"],
    date: "2026-01-01T00:00:00.000Z",
    cells: cells.map(({ cell, records }) => ({ cell, steps: records.map(({ key, inputs: { step } }) => ({ step, key, growing: step === "evaluate" ? key : null })) })),
  };
}

/** A cell as it is loaded, with the records of its steps. */
export function cellOf(cell: Cell, records: readonly StepRecord[]): CellResult {
  const byStep = new Map(records.map((record) => [record.inputs.step, record]));
  return { cell, record: cellRecord(byStep, new Map(records.map((record) => [record.inputs.step, hashText(sealRecord(record))]))), failure: null, frames: null };
}

function fixtureCells(): { cell: Cell; records: StepRecord[] }[] {
  const { cells } = parseStudy(study, "fixture.yaml", () => "");
  return cells.map((cell) => ({ cell, records: Object.entries(resultsOf(cell)).map(([step, result]) => stepRecord(step, cell.name, result)) }));
}

/** A study's results with something for every figure; its numbers are made up. */
export function fixtureResults(): Results {
  const cells = fixtureCells();
  return { folder: "results/fixture", plan: planOf(cells, fixtureStudy), cells: cells.map(({ cell, records }) => cellOf(cell, records)) };
}

const fixtureStudy = { name: "fixture", title: "A made-up study", path: "fixture.yaml" };

/** The same in the store of a results folder. */
export async function writeFixture(folder: string): Promise<void> {
  const cells = fixtureCells();
  await writePlan(folder, planOf(cells, fixtureStudy));
  for (const record of cells.flatMap(({ records }) => records)) await writeRecord(resultsStore(folder), record, {});
}

/** A name that does harm wherever it is not escaped. */
export const hostileName = `<img src=x onerror="document.title='caught'">&'"</title></script>`;

/** Results whose every name from outside does harm where it is not escaped. */
export function hostileResults(): Results {
  const { plan, cells, folder } = fixtureResults();
  const hostile = (cell: Cell): Cell => ({ ...cell, name: `${cell.name} ${hostileName}`, ...(cell.table ? { table: { ...cell.table, name: hostileName } } : {}) });
  return {
    folder,
    plan: { ...plan, study: { name: hostileName, title: hostileName, path: hostileName }, model: { ...plan.model, name: hostileName }, argv: ["quantflex", "sweep", hostileName] },
    cells: cells.map((result) => ({ ...result, cell: hostile(result.cell) })),
  };
}
