import { isDeepStrictEqual } from "node:util";
import { UserError } from "../errors.ts";
import { type OwnCoding, ownCoding } from "../gguf/own.ts";
import type { Gguf } from "../gguf/read.ts";
import { confLine } from "../study/conf.ts";
import { defects } from "../study/types.ts";
import { fileTypeNamed } from "./fileTypes.ts";
import { askedValues } from "./askedTables.ts";
import { type AskedType, fallbacks } from "./writtenTypes.ts";

/** Keys that llama-quantize writes or takes away. */
const ofQuantizing = /^(general\.file_type$|general\.quantization_version$|split\.|quantize\.|pablo\.)/;

/**
 * Checks that a quantized file is the model in the type that was asked for, by its header: all tensors, each in its shape
 * and a type that was asked for, and all metadata.
 *
 * @param conf the scheme as pablo.conf; null when the library has no part in it
 * @throws UserError naming what is not
 */
export function checkWritten(model: Gguf, written: Gguf, asked: AskedType & { conf: string | null }): void {
  const wrong = (what: string): UserError => new UserError(`llama-quantize wrote another model than it was given: ${what}`);
  const { number } = fileTypeNamed(asked.type);
  const said = written.metadata.get("general.file_type");
  if (said !== number) throw new UserError(`llama-quantize was asked for ${asked.type} (file type ${number}) and wrote file type ${String(said)}`);
  if (written.tensors.length !== model.tensors.length) throw wrong(`${written.tensors.length} tensors of ${model.tensors.length}`);
  const tensors = new Map(written.tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, shape } of model.tensors) {
    const found = tensors.get(name);
    if (!found) throw wrong(`it has no tensor ${name}`);
    if (!isDeepStrictEqual(found.shape, shape)) throw wrong(`tensor ${name} has ${found.shape.join(" × ")} elements, not ${shape.join(" × ")}`);
  }
  for (const [key, value] of model.metadata) {
    if (!ofQuantizing.test(key) && !isDeepStrictEqual(written.metadata.get(key), value)) throw wrong(`its ${key} is another`);
  }
  fallbacks(model.tensors, written.tensors, asked);
  refuseOtherCoding(written, asked.conf);
}

/** A file says itself how its codes are decoded. */
function refuseOtherCoding(written: Gguf, conf: string | null): void {
  const own = conf?.startsWith("1 ") === true;
  const decoding = confLine(conf, "DECODE") ?? "exact";
  const found = ownCoding(written);
  if (own && !found) throw new UserError("llama-quantize wrote no own codes: it is not a patched one, or it ignored pablo.conf");
  if (!found) return;
  const asked = {
    own, container: confLine(conf, "CONTAINER") ?? "native", radius: own ? Number(conf.split(" ")[1]) : 0,
    decode: decoding === "published" ? `published:${defects.join(",")}` : decoding,
  };
  const is = { own: found.scheme !== "simple", container: found.container, radius: written.metadata.get("pablo.radius"), decode: written.metadata.get("pablo.decode") };
  if (!isDeepStrictEqual(is, asked)) throw new UserError(`llama-quantize wrote codes of another scheme than was asked for: ${JSON.stringify(is)} for ${JSON.stringify(asked)}`);
  if (own) refuseOtherTables(found, conf);
}

/** @throws UserError when codes decode to other values than the table's that was asked for */
function refuseOtherTables({ tensors, values }: OwnCoding, conf: string): void {
  if (values.length === 0) return;
  for (const [index, asked] of askedValues(conf, tensors).entries()) {
    const is = values.length > asked.length ? values.slice(index * asked.length, (index + 1) * asked.length) : values;
    if (!isDeepStrictEqual(is, asked)) throw new UserError(`llama-quantize wrote another table for ${tensors[index]} than was asked for: it decodes to ${is.join(" ")}, not ${asked.join(" ")}`);
  }
}
