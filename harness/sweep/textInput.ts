import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../errors.ts";
import { contentHash } from "../store/contentHash.ts";
import type { Content } from "./inputs.ts";
import { readableFile } from "./readableFile.ts";

/** A text that is measured on, as messages name it. */
const measuredText = { called: "text", option: "--text" };

/** The same of one that importance matrices and second moments are computed on. */
export const calibrationUse = { called: "calibration text", option: "--calibration" };

/**
 * Check a text before anything runs. How many tokens it has only the model's tokenizer knows;
 * a token is at least a byte, though, so a text that cannot be long enough is found here.
 *
 * @param file path of a text in UTF-8
 * @param context tokens of context per chunk
 * @param use what it is for, as messages name it, and the option that gives another
 * @throws UserError when it is missing, empty, not UTF-8, begins with a byte-order mark, or is shorter than two contexts can be
 */
export async function checkText(file: string, context: number, signal?: AbortSignal, { called, option } = measuredText): Promise<Content> {
  const { path: absolute, copied } = await readableFile(file, called, signal);
  const status = await stat(absolute).catch(() => null);
  if (!status?.isFile()) throw new UserError(`${called} ${file}: there is no such file; give a UTF-8 text with ${option}`);
  if (status.size === 0) throw new UserError(`${called} ${file} is empty; give a text with ${option}`);
  await checkUtf8(absolute, `${called} ${file}`);
  // The tokenizer may add a beginning-of-text token and a leading space.
  if (status.size + 2 < 2 * context) {
    throw new UserError(
      `${called} ${file} has ${status.size} bytes: too short, perplexity needs at least ${2 * context} tokens with a context of ${context}; give a longer text, or a study with a smaller context`,
    );
  }
  return { name: copied ? "pipe" : path.basename(file), path: absolute, sha256: await contentHash(absolute, signal), bytes: status.size };
}

const byteOrderMark = [0xef, 0xbb, 0xbf];

async function checkUtf8(absolute: string, named: string): Promise<void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let position = 0;
  try {
    for await (const piece of createReadStream(absolute, { highWaterMark: 1 << 20 })) {
      const bytes = piece as Buffer;
      if (position === 0 && byteOrderMark.every((byte, index) => bytes[index] === byte)) {
        throw new UserError(`${named} begins with a byte-order mark, which would be measured as text; take it away, for example with tail -c +4`);
      }
      const zero = bytes.indexOf(0);
      if (zero >= 0) throw new UserError(`${named} has a zero byte at ${position + zero}: it may be UTF-16 or no text; convert it, for example with iconv -f UTF-16 -t UTF-8`);
      decoder.decode(bytes, { stream: true });
      position += bytes.length;
    }
    decoder.decode();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_ENCODING_INVALID_ENCODED_DATA") throw error;
    throw new UserError(`${named} is not UTF-8 (after byte ${position}); convert it, for example with iconv`);
  }
}
