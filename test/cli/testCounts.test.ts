import { describe, expect, it } from "vitest";
import { countsLine, countTests } from "../../harness/cli/testCounts.ts";

function result(passed: number, failed: number, pending: number, files: { status: string; assertionResults: { status: string }[] }[]): string {
  return JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: pending, numTodoTests: 0, testResults: files });
}

describe("the counts that npm test ends with", () => {
  it("are vitest's", () => {
    const counts = countTests(result(5, 1, 2, [{ status: "failed", assertionResults: [{ status: "failed" }] }]));
    expect(countsLine(counts)).toBe("5 passed, 1 failed, 2 skipped");
  });

  it("count a file that could not be loaded as failed", () => {
    expect(countsLine(countTests(result(5, 0, 0, [{ status: "failed", assertionResults: [] }])))).toBe("5 passed, 1 failed");
  });

  it("leave skipped out when there are none", () => expect(countsLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed"));
});
