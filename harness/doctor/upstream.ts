import { findBuild, studyTargets } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { thisProject } from "../upstream/project.ts";
import { releaseNamed } from "../upstream/releases.ts";
import { hasRepository } from "../upstream/repository.ts";
import { submoduleTree } from "../upstream/submodule.ts";
import { type Finding, good, missing, optional } from "./finding.ts";

/** llama.cpp's source, and the build that sweeps run on; nothing is fetched or made. */
export async function lookAtUpstream(signal: AbortSignal): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const look of [lookAtSource, () => lookAtBuild(signal)]) {
    try {
      found.push(await look());
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.push(missing("llama.cpp", error.message, "npm run setup"));
    }
  }
  return found;
}

async function lookAtSource(): Promise<Finding> {
  const [project, release] = [thisProject(), await releaseNamed()];
  const tree = await submoduleTree(project);
  if (tree !== undefined && tree !== release.tree) return missing("llama.cpp", `llama.cpp/ has tree ${tree.slice(0, 12)}, where ${release.tag} has ${release.tree.slice(0, 12)}`, "git submodule update --init llama.cpp");
  if (tree === undefined && !(await hasRepository(project, release))) return optional("llama.cpp", `${release.tag} is not here yet; the first sweep fetches it`, "npm run setup");
  return good("llama.cpp", `${release.tag}, ${tree === undefined ? "in the cache" : "in llama.cpp/"}`);
}

async function lookAtBuild(signal: AbortSignal): Promise<Finding> {
  const build = await findBuild("patched", { targets: studyTargets, signal });
  return build?.isThere ? good("build", build.build.folder) : optional("build", "not made yet; the first sweep makes it, in some minutes", "npm run sweep -- --study quick");
}
