import { mkdir } from "node:fs/promises";
import path from "node:path";
import { gitIn } from "../upstream/git.ts";
import type { Project } from "../upstream/project.ts";
import type { Release } from "../upstream/releases.ts";
import { baseReference, ensureRepository } from "../upstream/repository.ts";

/** A vocabulary that upstream's tree holds with texts and the tokens that they must give. */
export interface Vocabulary {
  /** As in `ggml-vocab-NAME.gguf`. */
  name: string;
  file: string;
}

/**
 * Writes the vocabularies of a release's tree that come with tests (`.inp`, `.out`) into `folder`.
 * Releases before May 2024 keep their tests' texts elsewhere or in the program; there all count.
 */
export async function checkoutVocabularies(project: Project, release: Release, folder: string): Promise<Vocabulary[]> {
  const repository = await ensureRepository(project, release, () => undefined);
  const git = gitIn(repository);
  const names = (await git.raw(["ls-tree", "--name-only", baseReference, "models/"])).split("\n");
  const models = names.filter((name) => /^models\/ggml-vocab-.+\.gguf$/.test(name));
  const tested = models.filter((name) => names.includes(`${name}.inp`) && names.includes(`${name}.out`));
  const wanted = names.some((name) => name.endsWith(".inp")) ? tested : models;
  await mkdir(path.join(folder, "models"), { recursive: true });
  const files = wanted.flatMap((name) => [name, `${name}.inp`, `${name}.out`]).filter((name) => names.includes(name));
  if (files.length > 0) await gitIn(repository, { environment: { GIT_INDEX_FILE: path.join(folder, "index") } }).raw(["--work-tree", folder, "checkout", "--force", baseReference, "--", ...files]);
  return wanted.map((name) => ({ name: name.replace(/^models\/ggml-vocab-|\.gguf$/g, ""), file: path.join(folder, name) }));
}
