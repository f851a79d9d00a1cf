import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll } from "vitest";
import { readImportance } from "../../harness/fit/imatrix.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { writeGguf } from "../../harness/gguf/write.ts";
import { referenceBytes, referenceHead } from "../../harness/steps/referenceFile.ts";
import { loadStudy } from "../../harness/study/find.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { oneOf, refused, withWrongNumber, writeSparse } from "./malformedFile.ts";
import { faultRow, type Random } from "./row.ts";

const gibibyte = 2 ** 30;
let folder: string;
let imatrix: Buffer;

beforeAll(async () => {
  folder = await lastingTemporaryFolder();
  const file = path.join(folder, "imatrix.gguf");
  const tensor = (name: string, shape: number[]) => ({ name, shape, type: "F32", pieces: () => [new Uint8Array(new Float32Array(shape[0]! * shape[1]!).fill(1).buffer)] });
  await writeGguf(file, [
    { key: "general.type", type: "string", value: "imatrix" },
    { key: "imatrix.datasets", type: "array", of: "string", value: ["training"] },
    { key: "general.alignment", type: "u32", value: 32 },
  ], ["a.weight", "b.weight"].flatMap((name) => [tensor(`${name}.in_sum2`, [64, 2]), tensor(`${name}.counts`, [1, 2])]));
  imatrix = await readFile(file);
});

/** A number that cannot be among sums and counts. */
async function withWrongValue(random: Random): Promise<Buffer> {
  const { tensors, dataOffset } = await readGguf(path.join(folder, "imatrix.gguf"));
  const { offset, elements } = oneOf(tensors, random);
  const bytes = Buffer.from(imatrix);
  bytes.writeFloatLE(oneOf([NaN, Infinity, -Infinity, -1, -1e-30], random), dataOffset + offset + 4 * Math.floor(random() * elements));
  return bytes;
}

/** The same file with tensors called by other names. */
function withOtherNames(random: Random): Buffer {
  const bytes = Buffer.from(imatrix);
  const at = bytes.indexOf(oneOf(["a.weight.counts", "b.weight.counts"], random));
  bytes.write(oneOf(["c", "z"], random), at);
  return bytes;
}

faultRow("malformed imatrices", 100, async (index, random) => {
  const file = path.join(folder, `${index}.gguf`);
  const kind = Math.floor(random() * 4);
  const bytes = kind === 0 ? await withWrongValue(random) : kind === 1 ? withOtherNames(random) : withWrongNumber(imatrix, random).bytes;
  const size = kind < 2 ? bytes.length : oneOf([bytes.length, gibibyte, 6 * gibibyte], random);
  await writeSparse(file, bytes, size);
  await refused(file, () => readImportance(file));
});

faultRow("malformed predictions of a model", 100, async (index, random) => {
  const file = path.join(folder, `${index}.logits`);
  const head = { chunks: 3, context: 16, vocabulary: 320 };
  const bytes = Buffer.alloc(20);
  bytes.write("_logits_");
  [head.context, head.vocabulary, head.chunks].forEach((value, place) => bytes.writeInt32LE(value, 8 + 4 * place));
  let size = referenceBytes(head);
  switch (Math.floor(random() * 4)) {
    case 0: size = Math.floor(random() * size); break;
    case 1: size = oneOf([size + 1, gibibyte, 6 * gibibyte], random); break;
    case 2: bytes[Math.floor(random() * 8)]! ^= 1 << Math.floor(random() * 8); break;
    default: bytes.writeInt32LE(oneOf([0, -1, 1, 15, 17, 2 ** 31 - 1, -(2 ** 31), 2 ** 24], random), 8 + 4 * Math.floor(random() * 3));
  }
  await writeSparse(file, bytes.subarray(0, size), size);
  await refused(file, () => referenceHead(file));
});

const widths = [8, ...Array.from({ length: 14 }, () => 17), 10];
const values = Array.from({ length: 16 }, (_, index) => 16 * index - 120);

/** What no table has. */
function wrongTable(random: Random): string {
  const at = Math.floor(random() * 16);
  const put = (list: readonly unknown[], entry: unknown): unknown[] => list.with(at, entry);
  const entry = oneOf(["x", null, 1.5, 1e9, -1e9, [], {}, true], random);
  const table = (over: object): string => JSON.stringify({ widths, values, ...over });
  return oneOf([
    () => table({ widths: put(widths, entry) }),
    () => table({ values: put(values, entry) }),
    () => table({ values: put(values, 1000) }),
    () => table({ values: values.toReversed() }),
    () => table({ widths: put(widths, widths[at]! + 1) }),
    () => table({ widths: widths.slice(0, at) }),
    () => table({ values: [...values, 127] }),
    () => table({ tensors: oneOf<unknown>([[entry], 5, "a", { pattern: "a" }, [{ pattern: "a b", widths, values }], [{ pattern: "a", widths }]], random) }),
    () => `widths: [${widths.map((width, index) => (index === at ? ".nan" : width)).join(", ")}]\nvalues: [${values.join(", ")}]\n`,
    () => "[".repeat(1 + Math.floor(random() * 5000)),
    () => table({}).slice(0, 1 + Math.floor(random() * 60)),
    () => oneOf(["", "null", "5", "- 1\n- 2\n", "a: b: c", "\u0000\u0001", "!!binary x", "%TAG ! x"], random),
  ], random)();
}

faultRow("malformed tables", 50, async (index, random) => {
  const [study, table] = [path.join(folder, `${index}.yaml`), path.join(folder, `table-${index}.yaml`)];
  await writeFile(table, wrongTable(random));
  await writeFile(study, `name: s\ncells: [{ name: a, type: Q8_0, table: ${path.basename(table)} }]\n`);
  await refused(path.basename(table), async () => loadStudy(study));
});
