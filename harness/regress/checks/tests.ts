import path from "node:path";
import type { Build } from "../../build/build.ts";
import { gitIn } from "../../upstream/git.ts";
import type { Project } from "../../upstream/project.ts";
import type { Release } from "../../upstream/releases.ts";
import { baseReference, ensureRepository } from "../../upstream/repository.ts";
import { inParallel } from "../parallel.ts";
import { runProgram } from "../programs.ts";
import { attempt, makeTally } from "../tally.ts";
import { upstreamResult } from "../upstreamResults.ts";
import { checkoutVocabularies } from "../vocabularies.ts";
import type { Check } from "../types.ts";

/** Tests of upstream, with arguments that keep them short. */
const wanted: Record<string, string[]> = {
  "test-quantize-fns": [],
  "test-quantize-perf": ["--type", "q4_0", "--type", "q8_0", "-i", "2"],
  "test-backend-ops": ["test", "-b", "CPU", "-o", "MUL_MAT,MUL_MAT_ID,GET_ROWS,CPY", "-p", "q4_0|q8_0"],
  "test-gguf": ["1"],
};
const tokenizerTest = /^test-tokenizer-0(?:-(.+))?$/;

/** Upstream's own tests pass on the patched build as they do on upstream's. */
export const tests: Check = {
  name: "tests",
  title: "Upstream's own tests of quantizers, operations, GGUF and tokenizers pass as they do without the hooks.",
  targets: async (project, release) => testsOf(await filesOf(project, release)),
  async run(context) {
    const { project, release, upstream, patched, signal, report } = context;
    const tally = makeTally();
    const files = await filesOf(project, release);
    const vocabularies = await checkoutVocabularies(project, release, context.folder);
    const runs = testsOf(files).flatMap((test) => {
      const tokenizer = tokenizerTest.exec(test);
      if (!tokenizer) return [{ test, args: wanted[test]! }];
      return vocabularies.filter(({ name }) => tokenizer[1] === undefined || tokenizer[1] === name).map(({ file }) => ({ test, args: [file] }));
    });
    let done = 0;
    await inParallel(context.threads, runs.map(({ test, args }) => async () => {
      const label = tokenizerTest.test(test) ? `${test} ${args[0]!.replace(/^.*ggml-vocab-|\.gguf$/g, "")}` : test;
      report(`running ${label}`, done++ / runs.length);
      const passes = (build: Build) => () => attempt(async () => passed(await runProgram(build, test, args, context)), signal);
      const command = [test, ...args.map((one) => one.startsWith(context.folder) ? path.relative(context.folder, one) : one)];
      const here = await passes(patched)();
      const there = await upstreamResult(project, upstream, command, passes(upstream));
      if ("fault" in there) tally.note(`${label} fails on upstream's build${"fault" in here ? " as it does here" : ""}: ${there.fault}`);
      if ("fault" in there || ("value" in here && here.value === there.value)) tally.held();
      else tally.regressed(`${label}: ${"value" in here ? here.value : here.fault}; on upstream's build ${there.value}`);
    }));
    const { compared, regressed } = tally.counts();
    return tally.outcome(`${compared} test runs, ${regressed} do not end as upstream's`);
  },
};

/** Names of upstream's files that a test could be made of or run on. */
async function filesOf(project: Project, release: Release): Promise<string[]> {
  const git = gitIn(await ensureRepository(project, release, () => undefined));
  return (await git.raw(["ls-tree", "-r", "--name-only", baseReference, "tests/"])).split("\n");
}

function testsOf(files: readonly string[]): string[] {
  const names = files.flatMap((file) => /^tests\/(test-[\w-]+)\.cpp$/.exec(file)?.[1] ?? []);
  return names.filter((name) => name in wanted || tokenizerTest.test(name));
}

/** What a test says of how many passed, or only that it did. */
function passed({ stdout, stderr }: { stdout: string; stderr: string }): string {
  const counts = [...`${stdout}\n${stderr}`.matchAll(/\b(\d+\/\d+) tests passed/g)].map(([, count]) => count);
  return counts.length > 0 ? `${counts.join(", ")} passed` : "passed";
}
