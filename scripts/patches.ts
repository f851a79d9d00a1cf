import path from "node:path";
import { Command } from "commander";
import { chalk, echo } from "zx";
import { refuseNpmsOptions } from "../harness/cli/npmOptions.ts";
import { checkPatches } from "../harness/upstream/check.ts";
import { exportPatches } from "../harness/upstream/export.ts";
import { newRelease } from "../harness/upstream/newRelease.ts";
import { thisProject } from "../harness/upstream/project.ts";
import { releaseNamed, type Release } from "../harness/upstream/releases.ts";
import { importPatches, workshopFolder } from "../harness/upstream/workshop.ts";
import { entry } from "./entry.ts";

interface Options {
  release?: string;
  folder?: string;
  package?: string;
  from?: string;
}

const project = thisProject();
const say = (message: string): void => echo(chalk.dim(message));
const program = new Command("patches")
  .description("Make the patches of a release of llama.cpp into commits, and commits into patches.")
  .showHelpAfterError("(add --help for the options)");
const folderOption = ["--folder <dir>", "the work tree (default: one in the cache)"] as const;
let done = "";

/** A command on the patches of a release; `task` gives a sentence that says what was done. */
function addCommand(name: string, description: string, task: (release: Release, folder: string) => Promise<string>): Command {
  return program
    .command(name)
    .description(description)
    .option("--release <tag>", "the release (default: the pin)")
    .action(async ({ release: tag, folder }: Options) => {
      const release = await releaseNamed(tag);
      done = `${release.tag}: ${await task(release, folderOf(release, folder))}`;
    });
}

function folderOf(release: Pick<Release, "tag">, asked: string | undefined): string {
  return asked === undefined ? workshopFolder(project, release) : path.resolve(asked);
}

addCommand("import", "make a release's patches into commits in a work tree, to edit them there with git", async (release, folder) => {
  await importPatches(project, release, folder, say);
  return `the patches are commits in ${folder}. Edit them there with git (the release is refs/quantflex/base), then export.`;
}).option(...folderOption);

addCommand("export", "write the commits of import's work tree to patches/RELEASE/", async (release, folder) => {
  const { base, pablo } = await exportPatches(project, release, folder);
  return `${base} base and ${pablo} pablo patches written to patches/${release.tag}.`;
}).option(...folderOption);

addCommand("check", "import and export in a scratch folder: do the patches apply, and come out as they are?", async (release) => {
  await checkPatches(project, release, say);
  return "the patches apply, and come out as they are.";
});

program
  .command("new-release")
  .description("carry the patches over to another release of llama.cpp")
  .argument("<tag>", "that release, such as b10361")
  .option("--package <name@version>", "npm package that carries it (default: looked for)")
  .option("--from <tag>", "release whose patches are carried over (default: the newest that has some)")
  .option(...folderOption)
  .action(async (tag: string, { folder, ...options }: Options) => {
    done = await newRelease(project, tag, folderOf({ tag }, folder), options, say);
  });

await entry(async () => {
  refuseNpmsOptions(program, process.argv.slice(2));
  await program.parseAsync();
  return done;
});
