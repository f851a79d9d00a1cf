import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { exitCodeOf } from "../../harness/cli/exitCodeOf.ts";
import { worst } from "../../harness/regress/tally.ts";
import type { RegressReport, Verdict } from "../../harness/regress/types.ts";
import { writeReport } from "../../harness/regress/write/files.ts";
import { junitXml } from "../../harness/regress/write/junit.ts";
import { markdown } from "../../harness/regress/write/markdown.ts";
import { temporaryFolder } from "../support/temporary.ts";

function report(verdicts: Verdict[], fault: string | null = null): RegressReport {
  return {
    verdict: fault === null ? worst(verdicts) : "undecided", fault, release: "b1", date: "2026-01-02T03:04:05.000Z", compiler: "cc 1", cmakeFlags: ["-DA=B"],
    cpu: "c", trees: { upstream: "u", patched: "p" }, libraryHash: "l", models: ["m.gguf"], threads: 2, seconds: 3.4,
    checks: verdicts.map((verdict, index) => ({
      name: (["patches", "bytes", "likelihoods", "tests"] as const)[index]!, title: `Title ${index}.`, verdict, figure: "3 | 4", seconds: 1.5,
      details: verdict === "holds" ? [] : [`${verdict}: <one> & "two"\u001b[0m`],
    })),
  };
}

it("a regression outweighs the rest, then what is undecided; warnings pass", () => {
  const code = (...verdicts: Verdict[]): number => exitCodeOf(report(verdicts).verdict);
  expect(code("holds", "holds")).toBe(0);
  expect(code("holds", "warned")).toBe(0);
  expect(code("undecided", "warned")).toBe(2);
  expect(code("undecided", "regressed", "holds")).toBe(1);
});

it("the XML has a failure for a regression, an error for what is undecided, and nothing that XML forbids", () => {
  const xml = junitXml(report(["holds", "regressed", "undecided", "warned"]));
  expect(xml).toMatch(/<testsuite [^>]*tests="4"[^>]*failures="1"[^>]*errors="1"/);
  expect(xml.match(/<testcase /g)).toHaveLength(4);
  expect(xml).toContain('<failure message="3 | 4" type="regressed">');
  expect(xml).toContain("<error ");
  expect(xml).not.toContain("\u001b");
});

it("the summary has each check with verdict and figure, and details with no markup of their own", () => {
  const text = markdown(report(["holds", "regressed"]));
  expect(text).toContain("# llama.cpp b1, patched against upstream: REGRESSED");
  expect(text).toContain("| bytes | REGRESSED | 3 \\| 4 | 2 |");
  expect(text).toContain("- regressed: &lt;one&gt;");
});

it("a fault before any check is in all three files", async () => {
  const folder = await temporaryFolder();
  const files = await writeReport(folder, report([], "no compiler"));
  expect((await readdir(folder)).sort()).toEqual(["junit.xml", "regress.json", "regress.md"]);
  for (const file of files) expect(await readFile(file, "utf8"), file).toContain("no compiler");
  expect(exitCodeOf(report([], "no compiler").verdict)).toBe(2);
});
