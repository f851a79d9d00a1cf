import { gitIn, resolve } from "../../upstream/git.ts";
import { patchedCommit } from "../../upstream/patches.ts";
import { baseReference, ensureRepository } from "../../upstream/repository.ts";
import { readSeries, seriesFolder } from "../../upstream/series.ts";
import { touchedFiles } from "../../upstream/touchedFiles.ts";
import { attempt, makeTally } from "../tally.ts";
import type { Check } from "../types.ts";

/**
 * Both variants carry the base patches, so what these change is never compared: they may touch the
 * tools and what tools share, and nothing that computes. Asked of the patch files and of the trees.
 */
export const patches: Check = {
  name: "patches",
  title: "The base patches touch no numerics: only files of the tools and of common/.",
  targets: async () => [],
  async run({ project, release, report, signal }) {
    const tally = makeTally();
    const series = await attempt(() => readSeries(seriesFolder(project, release, "base"), "base"), signal);
    if ("fault" in series) return tally.undecided(series.fault), tally.outcome("the base patches cannot be read");
    const repository = await attempt(() => ensureRepository(project, release, report), signal);
    if ("fault" in repository) return tally.undecided(repository.fault), tally.outcome("no source to compare with");

    const git = gitIn(repository.value);
    // Before 2025 upstream kept its tools among the examples.
    const allowed = [(await resolve(git, `${baseReference}:tools`)) ? "tools/" : "examples/", "common/"];
    const outside = (files: readonly string[]): string[] => files.filter((file) => !allowed.some((folder) => file.startsWith(folder)));
    const check = (origin: string, files: readonly string[]): void => {
      const strangers = outside(files);
      if (strangers.length === 0) tally.held();
      else tally.regressed(`${origin} touches ${strangers.join(", ")}, outside ${allowed.join(" and ")}`);
    };
    for (const { series: name, name: file, content } of series.value) check(`${name}/${file}`, touchedFiles(content.toString("latin1")));
    const changed = await attempt(async () => {
      const { commit } = await patchedCommit(project, release, "upstream", report);
      const names = await git.raw(["diff", "--no-renames", "--name-only", "-z", baseReference, commit]);
      return names.split("\0").filter(Boolean);
    }, signal);
    if ("fault" in changed) return tally.undecided(changed.fault), tally.outcome(`${series.value.length} base patches, which do not apply`);
    check("the tree that is built", changed.value);
    return tally.outcome(`${series.value.length} base patches change ${changed.value.length} files, ${outside(changed.value).length} of them outside ${allowed.join(" and ")}`);
  },
};
