import { existsSync } from "node:fs";
import { mkdir, readFile, rename } from "node:fs/promises";
import path from "node:path";
import pacote from "pacote";
import { UserError } from "../errors.ts";
import { withScratch } from "../scratch.ts";
import { bundleFile, bundleInPackage } from "./bundle.ts";
import { gitIn } from "./git.ts";
import { pacoteOptions } from "./npmConfig.ts";
import { scratchFolder, type Project, type Say } from "./project.ts";
import type { Release } from "./releases.ts";

/** npm's package whose versions carry releases of llama.cpp as git bundles. */
export const bundlePackage = "node-llama-cpp";

/** Where such a package says which release it carries. */
const infoInPackage = path.join("llama", "llama.cpp.info.json");

/**
 * Downloads a package and finds out which release of llama.cpp it carries. The bundle is kept for when
 * the release's source is wanted. Upstream's commit stays null: the bundle has one of its own.
 *
 * @param specification name@version, or name@tag such as node-llama-cpp@latest
 * @throws {UserError} no answer from the registry, or a package without a bundle
 */
export async function packagedRelease(project: Project, specification: string, report: Say): Promise<Release> {
  return withScratch(scratchFolder(project), "package", async (unpacked) => {
    const options = await pacoteOptions(project.root);
    const { name, version, _integrity: integrity } = await manifest(specification, options);
    const found = `${name}@${version}`;
    report(`downloading ${found} to see which release of llama.cpp it carries`);
    await pacote.extract(found, unpacked, { ...options, integrity });
    const bundle = path.join(unpacked, bundleInPackage);
    const tag = await taggedIn(path.join(unpacked, infoInPackage));
    if (!tag || !existsSync(bundle)) throw new UserError(`${found} carries no release of llama.cpp (${infoInPackage}, ${bundleInPackage}).`);
    const facts = await factsOf(bundle, path.join(unpacked, "bare.git"));
    const release: Release = { tag, date: facts.date, commit: null, tree: facts.tree, package: found, integrity };
    const kept = bundleFile(project, release);
    await mkdir(path.dirname(kept), { recursive: true });
    await rename(bundle, kept);
    return release;
  });
}

async function manifest(specification: string, options: pacote.Options): Promise<{ name: string; version: string; _integrity: string }> {
  try {
    return await pacote.manifest(specification, options);
  } catch (error) {
    throw new UserError(`${specification} cannot be had from the registry: ${(error as Error).message}`);
  }
}

async function taggedIn(file: string): Promise<string | undefined> {
  try {
    const { tag } = JSON.parse(await readFile(file, "utf8")) as { tag?: unknown };
    return typeof tag === "string" && /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(tag) ? tag : undefined;
  } catch {
    return undefined;
  }
}

async function factsOf(bundle: string, folder: string): Promise<{ tree: string; date: string }> {
  await mkdir(folder);
  const git = gitIn(folder);
  await git.raw(["init", "--quiet", "--bare", "--template="]);
  await git.raw(["fetch", "--quiet", "--no-tags", bundle, "HEAD"]);
  const [tree = "", seconds = ""] = (await git.raw(["log", "-1", "--format=%T %ct", "FETCH_HEAD"])).split(" ");
  return { tree, date: new Date(Number(seconds) * 1000).toISOString().slice(0, 10) };
}
