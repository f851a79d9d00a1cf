import { execFile } from "node:child_process";
import { appendFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ensureBuild } from "../../harness/build/build.ts";
import { readSubmissions } from "../../harness/executors/slurm/submission.ts";
import { projectRoot } from "../../harness/paths.ts";
import { loadResults } from "../../harness/report/load.ts";
import { writeReports } from "../../harness/report/reports.ts";
import { which } from "../../harness/process/which.ts";
import type { SlurmSettings } from "../../harness/study/slurmSettings.ts";
import type { StudyStanding } from "../../harness/status/types.ts";
import type { SweepEvent } from "../../harness/sweep/events.ts";
import type { SweepRequest } from "../../harness/sweep/request.ts";
import { sweep, type SweepResult } from "../../harness/sweep/sweep.ts";
import { type Ended, startScript } from "../support/cli.ts";
import { found, growing } from "../support/jobLab.ts";
import { leftBehind, makeRealLab, type RealLab, sweepAndReport, tablesOf } from "../support/realLab.ts";
import { type Cluster, noSlurm, startSlurm } from "../support/slurm.ts";
import { cellOn, queued, releasing, sameSecond, standStill, until } from "../support/slurmQueue.ts";

const quick = { queue: 500, store: 200, patience: 10_000 };

describe.skipIf(noSlurm !== null)("on a Slurm of two nodes", () => {
  let cluster: Cluster;
  /** The lab's study as this machine by itself makes it. */
  let expected: Record<string, unknown>;
  beforeAll(async () => {
    await ensureBuild("patched");
    cluster = await startSlurm();
    const local = await newLab();
    await sweepAndReport(local, path.join(local.folder, "out"));
    expected = await tablesOf(path.join(local.folder, "out"));
    vi.unstubAllEnvs();
  });
  afterAll(async () => cluster?.stop());

  /** A lab of its own, with a study long enough to be disturbed, that commands of Slurm's and of quantflex's find. */
  async function newLab(): Promise<RealLab> {
    vi.unstubAllEnvs();
    const lab = await makeRealLab();
    vi.stubEnv("QUANTFLEX_CACHE", lab.cache);
    vi.stubEnv("SLURM_CONF", cluster.conf);
    await writeFile(lab.study, `name: lab
context: 128
batch: 512
chunks: 100
kl_divergence: true
calibration: { text: demo, chunks: 2 }
cells:
  - { name: f16, type: F16 }
  - { name: iq4, type: IQ4_NL, imatrix: true }
  - { name: "q-r{radius}", type: Q4_0, radius: [1, 2] }
`);
    return lab;
  }

  /** Sweeps on the cluster in this process. */
  async function onCluster(lab: RealLab, events: SweepEvent[] = [], request: Partial<SweepRequest> = {}): Promise<SweepResult> {
    const out = path.join(lab.folder, "out");
    const ended = await sweep({ study: lab.study, out, threads: 1, slurm: {}, timing: quick, ...request }, (event) => events.push(event), new AbortController().signal);
    if (ended.left.length === 0 && ended.failed.length === 0) await writeReports(await loadResults(out));
    return ended;
  }

  async function expectWhole(lab: RealLab): Promise<void> {
    const out = path.join(lab.folder, "out");
    expect(await tablesOf(out)).toEqual(expected);
    expect(await leftBehind(lab, out)).toEqual([]);
  }

  const script = (lab: RealLab, name: string, ...argv: string[]): ReturnType<typeof startScript> =>
    startScript(name, name === "status.ts" ? ["--results", path.join(lab.folder, "out"), ...argv] : ["--study", lab.study, "--out", path.join(lab.folder, "out"), "--threads", "1", "--executor", "slurm", ...argv]);

  const notes = (events: readonly SweepEvent[]): string[] => events.flatMap((event) => (event.kind === "note" ? [event.text] : []));



  it("a study gives the tables of this machine by itself: what cells share first, then they, and nothing is left", async () => {
    const lab = await newLab();
    const events: SweepEvent[] = [];
    expect(await onCluster(lab, events)).toMatchObject({ computed: expect.arrayContaining(["f16", "iq4", "q-r1", "q-r2"]), failed: [], left: [] });
    await expectWhole(lab);
    const [submission, ...others] = await readSubmissions(path.join(lab.folder, "out"));
    expect(others).toEqual([]);
    expect(submission!.arrays.map(({ tasks }) => tasks.map(({ cell, after }) => [cell, after.length]))).toEqual([[["reference", 0], ["imatrix", 0]], [["f16", 1], ["iq4", 2], ["q-r1", 1], ["q-r2", 1]]]);
    expect(events).toContainEqual(expect.objectContaining({ kind: "cell", step: "slurm", text: expect.stringMatching(/^runs on n[12]$/) }));
    await until(async () => (await queued(cluster)).length === 0);
    expect(await onCluster(lab)).toMatchObject({ computed: [], stored: ["f16", "iq4", "q-r1", "q-r2"] });
  });

  it("so it does when a node's daemon is killed and brought back, and a job that met its time limit is put back", async () => {
    const lab = await newLab();
    const running = onCluster(lab, [], { timing: { ...quick, patience: 30_000 } });
    const late = await standStill(lab.folder, "n1");
    await cluster.call("scontrol", "update", `JobId=${late.job}`, "TimeLimit=1");
    await until(async () => (await cellOn(cluster, "n2")) !== undefined);
    await cluster.end("n2", "SIGKILL");
    await wait(3000);
    await cluster.start("n2");
    let isOver = false;
    void running.finally(() => (isOver = true)).catch(() => undefined);
    await until(async () => isOver || !(await queued(cluster)).some((line) => line.includes(`|${late.job}|`)));
    expect(isOver).toBe(false);
    await wait(sameSecond);
    await cluster.call("scontrol", "requeue", late.job);
    await releasing(cluster, () => isOver);
    expect(await running).toMatchObject({ failed: [], left: [] });
    await expectWhole(lab);
    // What it had done is not done again.
    const cells = (await loadResults(path.join(lab.folder, "out"))).cells;
    const begun = cells.map(({ record }) => record!.steps.get("evaluate")!.argv).find((argv) => argv.includes(late.frames))!;
    expect(begun.slice(begun.indexOf("--first-chunk"))[1]).toBe(String(late.chunks - (late.chunks % 4)));
    await until(async () => (await cluster.call("sinfo", "--noheader", "--format=%T")).trim() === "idle");
  });

  it("so it does when the controller is away for a minute, in which jobs go on, and the sweep is killed and run again", async () => {
    const lab = await newLab();
    const stored = async (): Promise<number> => (await readdir(path.join(lab.folder, "out", "store", "evaluate")).catch(() => [])).filter((name) => /^[0-9a-f]{64}$/.test(name)).length;
    const first = script(lab, "sweep.ts");
    for (const node of ["n1", "n2"]) await until(async () => (await cellOn(cluster, node)) !== undefined);
    const before = await stored();
    // One that is killed forgets what it was told last.
    await cluster.end("slurmctld", "SIGTERM");
    const minute = wait(60_000);
    await first.said("Slurm's controller does not answer");
    first.child.kill("SIGKILL");
    await first.ended;
    await until(async () => (await stored()) >= before + 2);
    const standing = JSON.parse((await script(lab, "status.ts", "--json").ended).stdout) as StudyStanding;
    expect(standing.unknown).toMatch(/^Slurm's controller does not answer: /);
    expect(standing.cells.filter(({ state }) => state === "stored").length).toBeGreaterThanOrEqual(2);
    const events: SweepEvent[] = [];
    const second = onCluster(lab, events);
    await until(async () => notes(events).some((text) => /^Slurm's controller does not answer \(.*\); asking again with growing pauses$/.test(text)));
    await minute;
    await cluster.start("slurmctld");
    expect(await second).toMatchObject({ failed: [], left: [] });
    expect(await readSubmissions(path.join(lab.folder, "out"))).toHaveLength(1);
    await expectWhole(lab);
    await until(async () => (await queued(cluster)).length === 0);
  });

  it("Ctrl-C detaches, status tells how it stands, and --cancel ends what the study submitted and nothing else", async () => {
    const lab = await newLab();
    const other = (await cluster.call("sbatch", "--parsable", "--hold", "--job-name=other", "--output=/dev/null", "--wrap=sleep 1")).trim();
    const first = script(lab, "sweep.ts");
    await first.said("jobs run,");
    first.child.kill("SIGINT");
    const stopped = await first.ended;
    expect([stopped.code, stopped.stderr]).toEqual([130, "interrupted\n"]);
    expect(stopped.stdout).toMatch(/^detached: the jobs go on; npm run status -- --results .* says how they stand, and with --cancel ends them$/m);
    const standing = async (): Promise<StudyStanding> => JSON.parse((await script(lab, "status.ts", "--json").ended).stdout) as StudyStanding;
    const states = ({ cells }: StudyStanding): Record<string, string> => Object.fromEntries(cells.map(({ name, state }) => [name, state]));
    await until(async () => states(await standing())["f16"] !== "waiting");
    expect(states(await standing())).toMatchObject({ "q-r2": "queued" });
    const cancelled = await script(lab, "status.ts", "--cancel").ended;
    expect(cancelled).toMatchObject({ code: 0, stderr: "", stdout: expect.stringMatching(/^cancelled: \d+(, \d+)*; what was finished is kept/) });
    await until(async () => (await queued(cluster)).length === 1);
    expect((await queued(cluster))[0]).toContain(`other|${other}|PENDING`);
    expect(states(await standing())).toMatchObject({ "q-r2": "cancelled" });
    await cluster.call("scancel", other);
    expect(await onCluster(lab)).toMatchObject({ failed: [], left: [] });
    await expectWhole(lab);
  });

  it("where the machine that submits has no compiler, a node makes ready what cells need; where nodes have none, they take what is there", async () => {
    const lab = await newLab();
    await appendFile(lab.study, "  - { name: fitted, type: Q4_0, container: packed, table: { fit: { method: lloyd-max, weights: histogram } }, encode: nearest }\n");
    vi.stubEnv("CC", "/nowhere/cc");
    await expect(onCluster(lab)).rejects.toThrow(/^CC=\/nowhere\/cc is no program\./);
    const slurm: SlurmSettings = { prepare: "nodes", options: "--export=ALL,CC=" };
    const events: SweepEvent[] = [];
    // Tables of cells that are not asked for are nobody's to fit.
    expect(await onCluster(lab, [], { slurm, only: "f16" })).toMatchObject({ computed: ["f16"], failed: [], left: [] });
    expect(await onCluster(lab, events, { slurm })).toMatchObject({ computed: expect.arrayContaining(["iq4", "q-r1", "q-r2", "fitted"]), stored: ["f16"], failed: [], left: [] });
    expect(notes(events)).toContainEqual(expect.stringMatching(/^a node makes ready what cells need: job \d+, which builds llama\.cpp there if need be$/));
    const submissions = await readSubmissions(path.join(lab.folder, "out"));
    expect(submissions.map(({ arrays }) => arrays.length)).toEqual([0, 2, 0, 3]);
    // What it made ready serves the next sweep as well, which needs no job for it.
    expect(await onCluster(lab, [], { slurm })).toMatchObject({ computed: [], stored: { length: 5 } });
    expect(await readSubmissions(path.join(lab.folder, "out"))).toHaveLength(4);

    const other = await newLab();
    await writeFile(other.study, "name: lab\ncontext: 128\nchunks: 4\ncells: [{ name: q, type: Q4_0, radius: 1 }]\n");
    expect(await onCluster(other, [], { slurm: { options: "--export=ALL,CC=/nowhere/cc" } })).toMatchObject({ computed: ["q"], failed: [], left: [] });
  });

  it("where nodes prove to be of another kind than the machine that submits, one of them makes ready what cells need", async () => {
    const lab = await newLab();
    const xz = path.join(lab.folder, "bin", "xz");
    await mkdir(path.dirname(xz));
    // Its version is in the keys of what it compresses.
    await writeFile(xz, `#!/bin/sh\n[ "$1" = --version ] && [ -z "$SLURM_JOB_ID" ] && exec echo "xz (XZ Utils) 0.0"\nexec ${which("xz")} "$@"\n`, { mode: 0o755 });
    vi.stubEnv("PATH", `${path.dirname(xz)}:${process.env["PATH"]}`);
    const events: SweepEvent[] = [];
    expect(await onCluster(lab, events)).toMatchObject({ failed: [], left: [] });
    expect(notes(events)).toContainEqual(expect.stringMatching(/^node \S+: compress of the study was planned for another machine than one with xz .*: one of them makes ready what cells need$/));
    await expectWhole(lab);
    expect(await queued(cluster)).toEqual([]);
    // That is remembered.
    const submissions = await readSubmissions(path.join(lab.folder, "out"));
    expect(await onCluster(lab)).toMatchObject({ computed: [], stored: { length: 4 } });
    expect(await readSubmissions(path.join(lab.folder, "out"))).toEqual(submissions);
  });

  it("an evaluation that is divided over four tasks leaves the frames and the record of an undivided one", async () => {
    const lab = await newLab();
    await writeFile(lab.study, "name: lab\ncontext: 128\nbatch: 512\nchunks: 198\nkl_divergence: true\ncells: [{ name: q, type: Q4_0, radius: 1 }]\n");
    const [made, out] = ["made", "out"].map((name) => path.join(lab.folder, name)) as [string, string];
    await sweepAndReport(lab, made, { threads: 1 });
    const { seconds } = (await loadResults(made)).cells[0]!.record!.steps.get("evaluate")!;
    const events: SweepEvent[] = [];
    // What was just run is what the plan knows.
    const slurm = { max_job_hours: seconds / 3.5 / 3600 };
    expect(await onCluster(lab, events, { slurm })).toMatchObject({ computed: ["q"], failed: [], left: [] });
    const [submission, ...others] = await readSubmissions(out);
    expect(others).toEqual([]);
    expect(submission!.arrays.map(({ tasks }) => tasks.map(({ cell, part }) => [cell, part?.index]))).toEqual([[["quantize of q", undefined]], [1, 2, 3, 4].map((index) => ["q", index])]);
    expect((await readFile(await growing(out))).equals(await readFile(await growing(made)))).toBe(true);
    expect(await found(out)).toEqual(await found(made));
    expect(await leftBehind(lab, out)).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ kind: "cell", name: "q", step: "slurm", text: expect.stringMatching(/^part [1-4] of 4 runs on n[12]$/) }));
    expect(await onCluster(lab, [], { slurm })).toMatchObject({ computed: [], stored: ["q"] });
  });

  it("what cannot be is refused in a line, before anything is submitted", async () => {
    const lab = await newLab();
    const refused = async (...argv: string[]): Promise<Ended> => script(lab, "sweep.ts", ...argv).ended;
    expect(await refused("--partition", "nowhere")).toMatchObject({ code: 1, stderr: "error: the cluster has no partition nowhere; it has here: give one with --partition\n" });
    expect((await refused("--mem", "10M")).stderr).toMatch(/^error: \S+ needs \d+ bytes of memory by the plan, and --mem gives 10485760: give more\n$/);
    expect((await refused("--time", "2-00:00:00")).stderr).toMatch(/^error: --time asks for 172800 s, and partition here gives 86400 s at most: .*\n$/);
    expect((await refused("--slurm-options", "--no-such-option")).stderr).toMatch(/^error: Slurm refuses what sbatch was asked for: .*no-such-option.*\n$/);
    expect((await refused("--keep-models", "all")).stderr).toMatch(/^error: --keep-models does not go with --executor slurm.*\n$/);
    expect(await queued(cluster)).toEqual([]);
  });

  it("a results folder that the nodes do not see is told before anything is computed", async () => {
    const lab = await newLab();
    const out = path.join(lab.folder, "out");
    const argv = ["--import", "tsx", "test/slurm/impatientSweep.ts", lab.study, out];
    const { code, stderr } = await promisify(execFile)("unshare", ["--mount", "sh", "-c", `mkdir -p '${out}' && mount -t tmpfs tmpfs '${out}' && exec "$@"`, "sh", process.execPath, ...argv], { cwd: projectRoot })
      .then(() => ({ code: 0, stderr: "" }), (error: { code: number; stderr: string }) => error);
    expect(stderr).toMatch(/^the cluster's nodes do not see .*out, or cannot run Node\.js there: .*--out\n$/);
    expect(code).toBe(1);
    expect(await queued(cluster)).toEqual([]);
  });
});
