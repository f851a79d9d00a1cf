import { expect, it } from "vitest";
import { plainProgress } from "../../harness/cli/plainProgress.ts";
import type { SweepEvent } from "../../harness/sweep/events.ts";

it("says each step at once, and within a step not more than now and then", () => {
  const lines: string[] = [];
  let time = 0;
  const report = plainProgress((line) => lines.push(line), () => time, 1000);
  const cell = (step: string, text: string, fraction: number): SweepEvent => ({ kind: "cell", name: "q", position: "1 of 2", step, text, fraction });
  report({ kind: "build", text: "compiling", fraction: 0.126 });
  report({ kind: "build", text: "compiling", fraction: 0.2 });
  report({ kind: "plan", results: "r", cells: [{ name: "q", stored: false }, { name: "r", stored: true }] });
  report(cell("quantize", "tensor 1 of 4", 0.25));
  report(cell("quantize", "tensor 2 of 4", 0.5));
  report(cell("perplexity", "chunk 1 of 9", 1 / 9));
  time = 1000;
  report(cell("perplexity", "chunk 2 of 9", 2 / 9));
  report({ kind: "done", name: "q", position: "1 of 2", outcome: "failed", text: "it rained" });
  report({ kind: "done", name: "r", position: "2 of 2", outcome: "stored", text: "already stored" });
  expect(lines).toEqual([
    "build: compiling 12 %",
    "2 cells, 1 of them already stored",
    "cell 1 of 2: q: quantize 25 %, tensor 1 of 4",
    "cell 1 of 2: q: perplexity 11 %, chunk 1 of 9",
    "cell 1 of 2: q: perplexity 22 %, chunk 2 of 9",
    "cell 1 of 2: q: FAILED: it rained",
    "cell 2 of 2: r: already stored",
  ]);
});
