import type { Reporter, TestCase } from "vitest/node";
import { alignedTable } from "../../harness/alignedTable.ts";
import type { FaultRow } from "./row.ts";

/** Prints the rows of faults that were tried as one table, after all tests. */
export default class FaultTable implements Reporter {
  readonly #rows: FaultRow[] = [];

  onTestCaseResult(test: TestCase): void {
    const { faultRow } = test.meta();
    if (faultRow !== undefined) this.#rows.push(faultRow);
  }

  onTestRunEnd(): void {
    if (this.#rows.length === 0) return;
    const rows = this.#rows.map(({ fault, number, tried, held }) => [fault, String(number), String(tried), String(held)]);
    console.log(alignedTable([["fault", "number", "tried", "held"], ...rows], (column) => column > 0));
  }
}
