import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import path from "node:path";
import { UserError } from "../errors.ts";
import type { Project } from "./project.ts";
import type { Release } from "./releases.ts";

/** What is built: `upstream` is the release with its base patches, `patched` has the hooks as well. */
export type Variant = "upstream" | "patched";

/** The series of a release: `base` is needed by both variants, `pablo` holds the hooks. */
export type SeriesName = "base" | "pablo";

/** One patch: one commit. */
export interface Patch {
  series: SeriesName;
  /** File name within the series' folder, ending in `.patch`. */
  name: string;
  /** Full path of the file. */
  file: string;
  content: Buffer;
}

/** The series that make up a variant, in the order they are applied in. */
function seriesOf(variant: Variant): SeriesName[] {
  return variant === "patched" ? ["base", "pablo"] : ["base"];
}

/** Folder of a release's series. */
export function seriesFolder(project: Project, release: Release, series: SeriesName): string {
  return path.join(project.root, "patches", release.tag, series);
}

/** The patches of a variant in order. @throws {UserError} see {@link readSeries} */
export async function readVariant(project: Project, release: Release, variant: Variant): Promise<Patch[]> {
  const all = await Promise.all(seriesOf(variant).map((series) => readSeries(seriesFolder(project, release, series), series)));
  return all.flat();
}

/**
 * Reads one series: the file `.patches` lists the patches' file names, one a line, in their order.
 *
 * @throws {UserError} no such folder; a patch that is listed and missing, there and not listed, listed
 *   twice (names that differ in case alone collide on macOS); a message that git would cut short
 */
export async function readSeries(folder: string, series: SeriesName): Promise<Patch[]> {
  const list = path.join(folder, ".patches");
  if (!existsSync(list)) throw new UserError(`${list} does not exist. A release needs it; an empty one means no patches.`);
  const names = (await readFile(list, "utf8")).split(/\r?\n/).map((line) => line.trim()).filter(Boolean);

  const seen = new Set<string>();
  for (const name of names) {
    if (!/^[\w.-]+\.patch$/.test(name)) throw new UserError(`${list}: ${name} is not the name of a .patch file in its folder.`);
    if (seen.has(name.toLowerCase())) throw new UserError(`${list}: ${name} is listed twice. Give one of the commits another title.`);
    seen.add(name.toLowerCase());
  }
  const present = (await readdir(folder)).filter((name) => name.endsWith(".patch"));
  const missing = names.filter((name) => !present.includes(name));
  if (missing.length > 0) throw new UserError(`${list} lists ${missing.join(", ")}, which ${folder} does not hold.`);
  const unlisted = present.filter((name) => !names.includes(name));
  if (unlisted.length > 0) throw new UserError(`${folder} holds ${unlisted.join(", ")}, which .patches does not list.`);

  return Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, name);
      const content = await readFile(file);
      assertWholeMessage(content.toString("latin1"), file);
      return { series, name, file, content };
    }),
  );
}

/**
 * Checks that git, when it imports the patch, will take the message as it stands: it drops everything
 * after a `---`, `diff -` or `Index: ` line (builtin/mailinfo: patchbreak).
 *
 * @param text a patch in the form of `git format-patch --no-stat`
 * @throws {UserError} naming file and line
 */
export function assertWholeMessage(text: string, file: string): void {
  const lines = text.split(/\r?\n/);
  const diff = lines.findIndex((line) => line.startsWith("diff --git "));
  const cut = lines.slice(0, diff < 0 ? lines.length : diff).findIndex((line) => /^(---(\s|$)|diff -|Index: )/.test(line));
  if (cut >= 0) {
    throw new UserError(`${file}, line ${cut + 1}: git drops what follows "${lines[cut]}" in a commit message. Word it otherwise, or indent it.`);
  }
}

/** sha256 over a release's tree and patches: equal hashes, equal patched trees. */
export function seriesHash(release: Release, patches: Patch[]): string {
  const hash = createHash("sha256").update(`${release.tree} ${release.date}\n`);
  for (const { series, name, content } of patches) hash.update(`${series}/${name} ${content.length}\n`).update(content);
  return hash.digest("hex");
}
