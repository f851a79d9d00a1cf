import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { preparationFiles } from "../../harness/executors/slurm/preparation.ts";
import { answerPreparation, readAnswer, requestForNode } from "../../harness/sweep/answerPreparation.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("a node is told all of a sweep but how it is followed, and makes it ready for itself", async () => {
  const request = { study: "quick", threads: 2, slurm: { partition: "p", prepare: "nodes" as const }, detach: true, timing: { queue: 1, store: 1, patience: 1 } };
  expect(await requestForNode(request)).toEqual({ cwd: process.cwd(), request: { study: "quick", threads: 2, slurm: { partition: "p", prepare: "here" } } });
});

it("what a node cannot read is refused before it is asked", async () => {
  await expect(requestForNode({ study: "quick", text: "/dev/null", slurm: {} })).rejects.toThrow(/^\/dev\/null is no file that a node can read: put it into one, or give --prepare here$/);
});

it("a node that does not see the folder that paths count from says so in its answer", async () => {
  const files = preparationFiles(await temporaryFolder());
  const nowhere = path.join(path.dirname(files.request), "nowhere");
  await writeFile(files.request, JSON.stringify({ cwd: nowhere, request: { study: "quick" } }));
  const answer = await answerPreparation(files.request, () => undefined, new AbortController().signal);
  expect(answer.failure).toMatch(/^node \S+: it does not see .*nowhere, where the sweep was started: start it in a folder that all nodes see$/);
  expect(await readAnswer(files)).toEqual(answer);
});
