import { ParseError } from "../errors.ts";
import { type Gguf, readGguf, readTensor } from "../gguf/read.ts";

/** Importance of each column of each tensor: the mean square of the activations that meet it. */
export type Importance = ReadonlyMap<string, Float32Array>;

const sums = ".in_sum2";
const counts = ".counts";
/** More than rows of a hundred thousand weights of a hundred experts take. */
const largestTensor = 1 << 26;

/**
 * Read what llama-imatrix wrote (tools/imatrix/imatrix.cpp, GGUF format).
 *
 * @param file path of the GGUF
 * @returns importances by tensor name; of experts, their mean
 * @throws ParseError when a sum has no count, or not one for each of its rows, or a number is none that can be
 */
export async function readImportance(file: string): Promise<Importance> {
  const gguf = await readGguf(file);
  const result = new Map<string, Float32Array>();
  for (const { name, shape } of gguf.tensors.filter((tensor) => tensor.name.endsWith(sums))) {
    const tensor = name.slice(0, -sums.length);
    const columns = shape[0] ?? 0;
    const squares = await floats(gguf, name);
    const seen = await floats(gguf, tensor + counts);
    if (seen.length * columns !== squares.length) throw new ParseError(`${gguf.path} is damaged: ${name} has ${squares.length} sums of ${columns} columns, and ${seen.length} counts.`);
    const importance = new Float32Array(columns);
    seen.forEach((count, matrix) => {
      for (let column = 0; column < columns; column++) {
        importance[column]! += count > 0 ? squares[matrix * columns + column]! / count / seen.length : 1 / seen.length;
      }
    });
    result.set(tensor, importance);
  }
  return result;
}

async function floats(gguf: Gguf, name: string): Promise<Float32Array> {
  const tensor = gguf.tensors.find((one) => one.name === name);
  if (!tensor || tensor.type !== "F32") throw new ParseError(`${gguf.path} is no importance matrix: it has no ${name} in F32.`);
  if (tensor.bytes > largestTensor) throw new ParseError(`${gguf.path} is no importance matrix: ${name} has ${tensor.bytes} bytes, more than that of any model.`);
  const bytes = await readTensor(gguf, tensor);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, tensor.elements);
  const wrong = values.findIndex((value) => !(value >= 0 && value < Infinity));
  if (wrong >= 0) throw new ParseError(`${gguf.path} is damaged: value ${wrong} of ${name} is ${values[wrong]}, where it must be a number not below 0.`);
  return values;
}
