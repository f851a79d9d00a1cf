import { cp, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { ensureBuild } from "../../harness/build/build.ts";
import type { Job } from "../../harness/jobs/job.ts";
import { projectRoot } from "../../harness/paths.ts";
import { loadResults } from "../../harness/report/load.ts";
import { readFrames } from "../../harness/steps/growingFrames.ts";
import { resultsStore } from "../../harness/store/store.ts";
import { startScript } from "../support/cli.ts";
import { found, freshFolder, growing, leftOvers, sweepOnce, untilFrames } from "../support/jobLab.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";

beforeAll(async () => void (await ensureBuild("patched")));

type Started = ReturnType<typeof startScript>;

const start = (file: string, index: number, of = 4): Started => startScript("job.ts", [file, "--part", `${index}/${of}`]);

/** Names of files of frames. */
const files = async (out: string): Promise<string[]> => (await readdir(path.join(resultsStore(out), "evaluate", "growing"))).map((name) => name.replace(/^[0-9a-f]{64}/, ""));

// All chunks that there are; and a number that is no multiple of a batch's.
describe.each([[false, "null"], [true, "398"]])("an evaluation in four parts, compared with a reference: %s, of chunks: %s", (compared, chunks) => {
  let made = "";
  beforeAll(async () => {
    made = await sweepOnce(await lastingTemporaryFolder(), `name: parts\ncontext: 128\nbatch: 512\n${chunks === "null" ? "" : `chunks: ${chunks}\n`}kl_divergence: ${compared}\ncells: [{ name: q, type: Q4_0, radius: 1 }]\n`);
  });

  async function expectWhole(out: string): Promise<void> {
    expect(await files(out)).toEqual([""]);
    expect((await readFile(await growing(out))).equals(await readFile(await growing(made)))).toBe(true);
    expect(await found(out)).toEqual(await found(made));
    expect(await readdir(path.join(resultsStore(out), "claims"))).toEqual([]);
  }

  it("by four processes at once, of which one is killed and run again, leaves the frames and the record of an undivided one", async () => {
    const { out, file } = await freshFolder(made);
    const parts = [1, 2, 3, 4].map((index) => start(file, index));
    const ranges = await partsBegun(out, parts);
    await untilFrames(out, 4, ranges[2]);
    parts[2]!.child.kill("SIGKILL");
    const ended = await Promise.all(parts.map((part) => part.ended));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, null, 0]);
    // Of one that died nothing is to be waited for.
    for (const index of [0, 1, 3]) expect(ended[index]!.stdout).not.toContain("all parts have ended");
    for (const index of [0, 1, 3]) expect(ended[index]).toMatchObject({ stderr: "", stdout: expect.stringContaining(`part ${index + 1} of 4 is done`) as string });
    expect(await readdir(path.join(resultsStore(out), "evaluate"))).toEqual(["growing"]);
    expect((await files(out)).sort()).toEqual(ranges.map((first) => `-from-${first}`).sort());
    const last = start(file, 3);
    const { code, stdout, stderr } = await last.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^cell 1 of 1: q: every step has its record$/m);
    await expectWhole(out);
    expect(await leftOvers(out, last.child.pid!)).toEqual([]);
    const again = await start(file, 2).ended;
    expect(again.stdout).not.toMatch(/loading|quantize/);
  });

  it("whose parts are not all done is gathered by the whole's job, which evaluates what is missing, between them as behind them", async () => {
    const { out, file } = await freshFolder(made);
    for (const index of [1, 3]) {
      const ended = await start(file, index).ended;
      expect(ended).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("others are to come") as string });
      expect(ended.stdout).not.toContain("all parts have ended");
    }
    const [begin = NaN, third] = (await files(out)).map((name) => Number(name.slice("-from-".length))).sort((left, right) => left - right);
    expect(begin).toBe(0);
    expect(await startScript("job.ts", [file]).ended).toMatchObject({ code: 0, stderr: "" });
    await expectWhole(out);
    const { argv } = (await loadResults(out)).cells[0]!.record!.steps.get("evaluate")!;
    expect(Number(argv[argv.indexOf("--first-chunk") + 1])).toBeGreaterThan(third!);
  });

  it("goes on behind what the whole has, and quantizes alone where it is told to", async () => {
    const { out, file } = await freshFolder(made);
    const whole = startScript("job.ts", [file]);
    await untilFrames(out, 8);
    whole.child.kill("SIGINT");
    await whole.ended;
    await rm(path.join(resultsStore(out), "quantize"), { recursive: true });
    // In the order of their ends: either may be the last, and one that comes late may find what the other has quantized.
    const ended: Awaited<ReturnType<typeof startScript>["ended"]>[] = [];
    await Promise.all([1, 2].map(async (index) => ended.push(await startScript("job.ts", [file, "--part", `${index}/2`, "--alone"]).ended)));
    for (const one of ended) expect(one).toMatchObject({ code: 0, stderr: "" });
    expect(ended.map(({ stdout }) => stdout).join("")).toMatch(/quantize[^]*every step has its record/);
    await expectWhole(out);
  });

  if (compared) it("goes on behind whole batches of a comparison with a smaller reference", async () => {
    const small = await growing(await sweepOnce(await lastingTemporaryFolder(), "name: parts\ncontext: 128\nbatch: 512\nchunks: 6\nkl_divergence: true\ncells: [{ name: q, type: Q4_0, radius: 1 }]\n"));
    const { out, file } = await freshFolder(made);
    await cp(small, small.replace(/^.*(?=\/store\/)/, out));
    const ended = await Promise.all([1, 2].map((index) => start(file, index, 2).ended));
    for (const one of ended) expect(one).toMatchObject({ code: 0, stderr: "" });
    const frames = async (of: string): Promise<unknown> => (await readFrames(await growing(of))).frames.map(({ availableChunks: _chunks, ...frame }) => frame);
    expect((await readFrames(await growing(out))).frames[0]!.availableChunks).toBe(6);
    expect(await frames(out)).toEqual(await frames(made));
    expect(await found(out)).toEqual(await found(made));
  });

  if (!compared) it("whose two parts end at the same time, where a file system shows files late, is whole all the same", async () => {
    const { out, file } = await freshFolder(made);
    vi.stubEnv("LATE", "-from-\\d+$ 2000");
    vi.stubEnv("NODE_OPTIONS", `--import ${path.join(projectRoot, "test", "support", "showLate.mjs")}`);
    const ended = await Promise.all([1, 2].map((index) => start(file, index, 2).ended));
    vi.unstubAllEnvs();
    for (const one of ended) expect(one).toMatchObject({ code: 0, stderr: "" });
    expect(ended.map(({ stdout }) => stdout).join("")).toMatch(/all parts have ended: what others have done is looked for, for up to 60 s[^]*every step has its record/);
    await expectWhole(out);
  });

  if (!compared) it("has nothing to do for a part that there are no chunks for", async () => {
    const { out, file } = await freshFolder(made);
    const { code, stdout } = await start(file, 5000, 5000).ended;
    expect(code).toBe(0);
    expect(stdout).toContain("part 5000 of 5000 has nothing to do");
    expect(await files(out).catch(() => [])).toEqual([]);
  });
});

it.each([["0/4"], ["5/4"], ["two"]])("refuses the part %s", async (part) => {
  const { code, stderr } = await startScript("job.ts", ["job.json", "--part", part]).ended;
  expect(stderr).toMatch(/Allowed: such as 2\/4/);
  expect(code).toBe(1);
});

it("says of a job without a text that there is nothing to divide", async () => {
  const made = await sweepOnce(await lastingTemporaryFolder(), "name: parts\ncontext: 128\nchunks: 2\ncells: [{ name: q, type: Q4_0 }]\n");
  const { file } = await freshFolder(made, (job: Job) => (job.steps = job.steps.filter(({ step }) => step !== "evaluate")));
  const { code, stdout } = await start(file, 1).ended;
  expect(stdout).toMatch(/q evaluates no text, so that there is nothing to divide/);
  expect(code).toBe(3);
});

/** First chunks of four parts, as soon as all have begun. */
async function partsBegun(out: string, parts: readonly Started[]): Promise<number[]> {
  for (;;) {
    const failed = parts.find(({ child }) => child.exitCode);
    if (failed) throw new Error((await failed.ended).stderr);
    const firsts = (await files(out).catch(() => [])).flatMap((name) => (name.startsWith("-from-") ? [Number(name.slice("-from-".length))] : []));
    if (firsts.length === 4) return firsts.sort((left, right) => left - right);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
