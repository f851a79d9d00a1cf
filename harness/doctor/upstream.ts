import type { BackendName } from "../build/backends.ts";
import { findBuild, targetsOf } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { thisProject } from "../upstream/project.ts";
import { releaseNamed } from "../upstream/releases.ts";
import { hasRepository } from "../upstream/repository.ts";
import { submoduleTree } from "../upstream/submodule.ts";
import { listOnce, lookAtDevices, lookAtDriver } from "./devices.ts";
import { type Finding, good, missing, optional } from "./finding.ts";

/** llama.cpp's source, the build that sweeps run on, and the devices that it sees; nothing is fetched or made. */
export async function lookAtUpstream(backend: BackendName, signal: AbortSignal): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const look of [lookAtSource, () => lookAtBuild(backend, signal)]) {
    try {
      found.push(...(await look()));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      found.push(missing("llama.cpp", error.message, "npm run setup"));
    }
  }
  return found;
}

async function lookAtSource(): Promise<Finding[]> {
  const [project, release] = [thisProject(), await releaseNamed()];
  const tree = await submoduleTree(project);
  if (tree !== undefined && tree !== release.tree) return [missing("llama.cpp", `llama.cpp/ has tree ${tree.slice(0, 12)}, where ${release.tag} has ${release.tree.slice(0, 12)}`, "git submodule update --init llama.cpp")];
  if (tree === undefined && !(await hasRepository(project, release))) return [optional("llama.cpp", `${release.tag} is not here yet; the first sweep fetches it`, "npm run setup")];
  return [good("llama.cpp", `${release.tag}, ${tree === undefined ? "in the cache" : "in llama.cpp/"}`)];
}

async function lookAtBuild(backend: BackendName, signal: AbortSignal): Promise<Finding[]> {
  const build = await findBuild("patched", { targets: targetsOf(false, backend), backend, signal });
  if (!build?.isThere) return [optional("build", "not made yet; the first sweep makes it, in some minutes", `npm run sweep -- --study quick${backend === "native" ? "" : ` --backend ${backend}`}`)];
  const listed = listOnce(build.build, signal);
  return [good("build", build.build.folder), ...(await lookAtDevices(build.build, signal, listed)), ...(await lookAtDriver(build.build, signal, listed))];
}
