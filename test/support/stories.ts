import { existsSync } from "node:fs";
import path from "node:path";
import { it } from "vitest";
import { projectRoot } from "../../harness/paths.ts";

const folder = path.join(projectRoot, "..", "shared", "data", "stories260K");

/** A model trained elsewhere, of which the rows of five tensors do not fill blocks, and a text for it. */
export const stories = { model: path.join(folder, "stories260K-f32.gguf"), text: path.join(folder, "tinystories-sample.txt") };

/** A test on {@link stories}, which are no part of the project; where they are missing it is skipped, and says why. */
export function itOnStories(name: string, test: () => Promise<void>): void {
  const missing = Object.values(stories).find((file) => !existsSync(file));
  it.skipIf(missing)(missing ? `${name} (${path.relative(projectRoot, missing)} is not there)` : name, test);
}
