import { expect, it, vi } from "vitest";
import { cases } from "../../../harness/bench/harness/cases.ts";
import { mostCells, storedStudy } from "../../../harness/bench/harness/storedStudy.ts";
import { main } from "../../../harness/cli.ts";
import { canonicalJson } from "../../../harness/hash.ts";
import { parseStudy } from "../../../harness/study/parse.ts";

it("has as many different cells as it may, and is the same every time", () => {
  const { cells } = parseStudy(storedStudy(mostCells), "stored.yaml", () => "");
  expect(new Set(cells.map(({ table }) => canonicalJson(table))).size).toBe(mostCells);
  expect(storedStudy(12)).toBe(storedStudy(12));
  expect(() => storedStudy(mostCells + 1)).toThrow(RangeError);
});

it("is one of the sweeps that can be named", async () => {
  let stderr = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((stderr += String(text)), true));
  expect(await main(["bench", "harness", "--only", "no such"])).toBe(1);
  for (const { name } of cases) expect(stderr).toContain(name);
  stderr = "";
  expect(await main(["bench", "harness", "--against", "no such"])).toBe(1);
  expect(stderr).toMatch(/no such has no scripts.sweep\.ts/);
});
