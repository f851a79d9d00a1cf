import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeAll, expect, it } from "vitest";
import { type Build, ensureBuild, targetsOf } from "../../harness/build/build.ts";
import { main } from "../../harness/cli.ts";
import { rpcServer, withRpcServer } from "../../harness/regress/rpcServer.ts";
import { compareResults } from "../../harness/report/compare.ts";
import { loadResults, type Results } from "../../harness/report/load.ts";
import { resultsStore } from "../../harness/store/store.ts";
import type { SweepEvent } from "../../harness/sweep/events.ts";
import type { SweepRequest } from "../../harness/sweep/request.ts";
import { sweep, type SweepResult } from "../../harness/sweep/sweep.ts";
import { releaseNamed } from "../../harness/upstream/releases.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";

// A server of this processor is to a sweep what a GPU is.

const never = new AbortController().signal;
let server: Build;
let folder = "";
let study = "";
beforeAll(async () => {
  const release = await releaseNamed();
  server = await ensureBuild("patched", { release, backend: "rpc", targets: [...targetsOf(true, "rpc"), rpcServer] });
  folder = await lastingTemporaryFolder();
  study = path.join(folder, "remote.yaml");
  await writeFile(study, `name: remote
backend: rpc
context: 64
batch: 128
chunks: 6
kl_divergence: true
calibration: { text: demo, chunks: 4 }
cells:
  - { name: f16, type: F16 }
  - { name: q4_0, type: Q4_0, imatrix: true }
  - { name: fed, type: IQ4_NL, feedback: true }
`);
});

function run(out: string, device: string, more: Partial<SweepRequest> = {}, report: (event: SweepEvent) => unknown = () => undefined): Promise<SweepResult> {
  return sweep({ study, out, device, threads: 2, ...more }, report, never);
}

const found = (results: Results): unknown => results.cells.map(({ cell, record }) => [cell.name, record?.perplexity.chunks, record?.divergence?.chunks]);

it("a study runs on a server, is found again from another address, and is compared with the processor without statistics", async () => {
  const [out, again, here] = ["there", "again", "here"].map((name) => path.join(folder, name)) as [string, string, string];
  await withRpcServer(server, never, async (address) => {
    expect(await run(out, address)).toMatchObject({ computed: ["f16", "q4_0", "fed"], failed: [] });
    await sweep({ study, out: here, backend: "native", threads: 2 }, () => undefined, never);
  });
  await withRpcServer(server, never, async (address) => {
    expect(await run(out, address)).toMatchObject({ computed: [], stored: ["f16", "q4_0", "fed"] });
    expect(await run(again, address)).toMatchObject({ computed: ["f16", "q4_0", "fed"] });
  });
  const [first, second, processor] = await Promise.all([out, again, here].map(loadResults)) as [Results, Results, Results];
  expect(found(second)).toEqual(found(first));
  const keys = ({ plan }: Results): string[] => plan.cells.flatMap(({ steps }) => steps.flatMap(({ step, key }) => (step === "count" ? [] : key)));
  expect(keys(second)).toEqual(keys(first));
  for (const key of keys(processor)) expect(keys(first)).not.toContain(key);
  const comparison = compareResults(processor, first);
  expect(comparison.devices).toEqual(["the processor", "RPC server on 127.0.0.1"]);
  for (const { a, b, ratio } of comparison.pairs) {
    expect(ratio).toBeNull();
    expect(Math.abs(a!.record.perplexity.nll - b!.record.perplexity.nll)).toBeLessThan(0.01);
  }
});

it("a server that goes away fails the cell in a line, and the next sweep goes on behind what was whole", async () => {
  const out = path.join(folder, "broken");
  const plain = path.join(folder, "plain.yaml");
  await writeFile(plain, (await readFile(study, "utf8")).replace("kl_divergence: true\n", ""));
  const stop = new AbortController();
  const watch = (event: SweepEvent): void => {
    if (event.kind === "cell" && event.step === "evaluate" && /^chunk (?:[3-9]\d|\d{3})/.test(event.text)) stop.abort();
  };
  const ended = await withRpcServer(server, stop.signal, (address) => run(out, address, { study: plain, chunks: 1500, only: "f16" }, watch));
  expect(ended.failed).toEqual([{ name: "f16", reason: expect.stringMatching(/^device 127\.0\.0\.1:\d+ went away while it was computing; .*$/) as unknown, log: expect.any(String) as unknown }]);
  const seen: string[] = [];
  await withRpcServer(server, never, async (address) => expect(await run(out, address, { study: plain, chunks: 300, only: "f16" }, (event) => event.kind === "cell" && event.step === "evaluate" && seen.push(event.text))).toMatchObject({ computed: ["f16"] }));
  expect(seen.filter((text) => /^chunk (?:\d|1\d) of/.test(text))).toEqual([]);
});

it("a job of a device runs by its file", async () => {
  const out = path.join(folder, "job");
  await withRpcServer(server, never, async (address) => {
    await run(out, address, { only: "q4_0" });
    const jobs = path.join(resultsStore(out), "jobs");
    const [name] = await readdir(jobs);
    const job = JSON.parse(await readFile(path.join(jobs, name!), "utf8")) as { results: string };
    const other = path.join(folder, "job.json");
    await writeFile(other, JSON.stringify({ ...job, results: path.join(folder, "elsewhere") }));
    expect(await main(["job", other])).toBe(0);
    expect(await readdir(path.join(folder, "elsewhere", "store", "evaluate"))).toContain("growing");
  });
});
