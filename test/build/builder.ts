/** A program for build.test.ts: asks for the build of a project, and says what was reported. */
import { ensureBuild } from "../../harness/build/build.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";

const [root = "", cache = "", url = ""] = process.argv.slice(2);
const project = { root, cache, url };
const build = await ensureBuild("upstream", {
  project,
  release: await releaseNamed(undefined, project),
  targets: ["tool"],
  report: (message, fraction) => console.log(`${message}${fraction === undefined ? "" : ` ${fraction}`}`),
});
console.log(`binary ${build.binary("tool")}`);
