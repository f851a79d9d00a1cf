import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { readGguf } from "../../harness/gguf/read.ts";
import { describeTensors } from "../../harness/gguf/write.ts";

/**
 * Splits a model as llama-gguf-split does (tools/gguf-split/gguf-split.cpp): the first part has all metadata, and each says
 * which it is.
 *
 * @param emptyFirst whether the first part has no tensors (--no-tensor-first-split)
 * @returns paths of the parts, called `NAME-00001-of-0000N.gguf`
 */
export async function splitModel(file: string, folder: string, name: string, parts: number, emptyFirst = false): Promise<string[]> {
  const { tensors, dataOffset, metadata, spans, metadataEnd } = await readGguf(file);
  const bytes = await readFile(file);
  const each = Math.ceil(tensors.length / (emptyFirst ? parts - 1 : parts));
  const paths: string[] = [];
  for (let part = 0; part < parts; part++) {
    const place = emptyFirst ? part - 1 : part;
    const own = place < 0 ? [] : tensors.slice(place * each, (place + 1) * each);
    const fields = [field("split.no", 2, 2, part), field("split.count", 2, 2, parts), field("split.tensors.count", 5, 4, tensors.length)];
    const begin = part === 0 ? bytes.subarray(24, metadataEnd) : Buffer.alloc(0);
    const count = fields.length + (part === 0 ? metadata.size : 0);
    const head = Buffer.concat([bytes.subarray(0, 8), number(own.length, 8), number(count, 8), begin, ...fields, ...describeTensors(own)]);
    const data = own.length === 0 ? Buffer.alloc(0) : bytes.subarray(dataOffset + own[0]!.offset, dataOffset + own.at(-1)!.offset + own.at(-1)!.bytes);
    const to = path.join(folder, `${name}-${String(part + 1).padStart(5, "0")}-of-${String(parts).padStart(5, "0")}.gguf`);
    await writeFile(to, padded(Buffer.concat([padded(head), data])));
    paths.push(to);
  }
  if (spans.size !== metadata.size) throw new Error("some metadata has no place");
  return paths;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes], Math.ceil(bytes.length / 32) * 32);
}

function number(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntLE(value, 0, Math.min(bytes, 6));
  return buffer;
}

function field(key: string, type: number, bytes: number, value: number): Buffer {
  return Buffer.concat([number(key.length, 8), Buffer.from(key), number(type, 4), number(value, bytes)]);
}
