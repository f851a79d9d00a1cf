import { availableParallelism } from "node:os";
import { askedBackend } from "../build/askedBackend.ts";
import { type BackendName, backends } from "../build/backends.ts";
import { ensureBuild, type Build } from "../build/build.ts";
import { backendFlavour } from "../build/flavour.ts";
import { UserError } from "../errors.ts";
import { demoModel } from "../paths.ts";
import { refuseDevice, refuseWithoutDevices } from "../steps/devices.ts";
import { checkModel } from "../sweep/inputs.ts";
import { checkText } from "../sweep/textInput.ts";
import { ensureDemoText } from "../sweep/knownTexts.ts";
import { thisProject, type Project } from "../upstream/project.ts";
import { releaseNamed, type Release } from "../upstream/releases.ts";
import { bytes } from "./checks/bytes.ts";
import { devices } from "./checks/devices.ts";
import { likelihoods } from "./checks/likelihoods.ts";
import { patches } from "./checks/patches.ts";
import { schemes } from "./checks/schemes.ts";
import { speed } from "./checks/speed.ts";
import { tests } from "./checks/tests.ts";
import { newestRelease } from "./newest.ts";
import { checkNames, type Check, type CheckName, type RegressContext, type RegressRequest, type SharedContext, type TestModel } from "./types.ts";

const checks: Record<CheckName, Check> = { patches, bytes, likelihoods, devices, tests, schemes, speed };

/**
 * Finds release, models and text, and builds both variants as far as the checks selected need them.
 *
 * @param folder where the checks may write
 * @throws {UserError} an input is at fault, or one of the builds cannot be made
 */
export async function prepare(
  request: RegressRequest,
  folder: string,
  report: RegressContext["report"],
  signal: AbortSignal,
): Promise<{ selected: Check[]; context: SharedContext }> {
  const project = request.project ?? thisProject();
  const release = request.release === "newest" ? await newestRelease(project, report) : await releaseNamed(request.release, project);
  const selected = (request.only ?? checkNames).map((name) => checks[name]);
  const backend = await comparedBackend(request, release, selected.includes(devices), signal);
  const models = await testModels(request, signal);
  const { path: text } = await checkText(request.text ?? (await ensureDemoText()), 512, signal);
  const builds = await bothBuilds(request, project, release, selected, report, signal);
  const context = {
    project, release, ...builds, models, text, folder, signal,
    threads: request.threads ?? availableParallelism(),
    stallSeconds: request.stallLimit === undefined ? undefined : 60 * request.stallLimit,
    backend,
    device: request.device,
    failOnSpeed: request.failOnSpeed ?? false,
    cells: request.writeReference ? undefined : request.cells,
    writeReference: request.writeReference ?? false,
  };
  return { selected, context };
}

/** The backend on whose device own files are compared. @throws UserError where that cannot be done, before anything else is compared */
async function comparedBackend({ backend: given, device }: RegressRequest, release: Release, isCompared: boolean, signal: AbortSignal): Promise<BackendName> {
  const backend = askedBackend(given);
  if (given !== undefined && given !== "native") refuseWithoutDevices(given, `--backend ${given}`);
  if (device !== undefined) refuseDevice(backend, device);
  if (isCompared && backends[backend].hasDevices && !release.lacks?.includes("devices")) await backendFlavour(backend, release, signal);
  return backend;
}

async function testModels({ model }: RegressRequest, signal: AbortSignal): Promise<TestModel[]> {
  const demo = { name: "sotu-1m", path: demoModel };
  if (model === undefined) return [demo];
  const { name, path: file } = await checkModel(model, signal);
  return [demo, { name: name.replace(/[^\w.-]/g, "_"), path: file }];
}

async function bothBuilds(
  { builds }: RegressRequest,
  project: Project,
  release: Release,
  selected: readonly Check[],
  report: RegressContext["report"],
  signal: AbortSignal,
): Promise<Pick<RegressContext, "upstream" | "patched">> {
  const targets = [...new Set((await Promise.all(selected.map((check) => check.targets(project, release)))).flat())];
  const made = async (variant: "upstream" | "patched"): Promise<Build> => {
    const given = builds?.[variant];
    if (given) return given;
    if (targets.length === 0) return noBuild(variant, release);
    return ensureBuild(variant, { project, release, targets, signal, report });
  };
  const [upstream, patched] = [await made("upstream"), await made("patched")];
  const same = upstream.compiler === patched.compiler && JSON.stringify(upstream.cmakeFlags) === JSON.stringify(patched.cmakeFlags);
  if (!same) throw new UserError("The two builds were made with different compilers or flags, so they cannot be compared. Set CC, CXX and the flags once for both.");
  return { upstream, patched };
}

/** Stands in where the checks look at sources alone. */
function noBuild(variant: "upstream" | "patched", release: Release): Build {
  return {
    variant, release: release.tag, key: "", folder: "", tree: "", libraryHash: "", compiler: "", cmakeFlags: [], cpu: "", features: "", backend: "native", tools: null, supports: () => true,
    binary: (name) => {
      throw new UserError(`${name} was not built: none of the checks asked for it.`);
    },
  };
}
