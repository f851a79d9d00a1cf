import { expect, it } from "vitest";
import type { Build } from "../../harness/build/build.ts";
import { UserError } from "../../harness/errors.ts";
import { makeTally, onBoth } from "../../harness/regress/tally.ts";

const builds = { upstream: { variant: "upstream" } as Build, patched: { variant: "patched" } as Build, signal: new AbortController().signal };

async function verdict(faults: Partial<Record<Build["variant"], string>>): Promise<string[]> {
  const tally = makeTally();
  const both = await onBoth(tally, builds, "case", async ({ variant }) => {
    if (faults[variant] !== undefined) throw new UserError(faults[variant]);
    return 1;
  });
  expect(both === null).toBe(Object.keys(faults).length > 0);
  tally.held();
  const { verdict, details } = tally.outcome("");
  return [verdict, ...details];
}

it("a fault of the patched program is a regression, upstream's leaves the question open", async () => {
  expect(await verdict({})).toEqual(["holds"]);
  expect(await verdict({ patched: "ended" })).toEqual(["regressed", "regressed: case: ended"]);
  expect(await verdict({ upstream: "ended" })).toEqual(["undecided", "undecided: case: upstream's program failed: ended"]);
  expect(await verdict({ upstream: "no space", patched: "ended" })).toEqual(["undecided", "undecided: case: upstream's program failed: no space"]);
});

it("the same fault of both, whatever the process's number, is noted", async () => {
  const [verdictOfCrash] = await verdict({ upstream: "quantize was ended by SIGABRT: one", patched: "quantize was ended by SIGABRT: two" });
  expect(verdictOfCrash).toBe("holds");
  expect(await verdict({ upstream: "process 12 aborted", patched: "process 345 aborted" })).toEqual(["holds", "case: fails on upstream's build as it does here: process 12 aborted"]);
});
