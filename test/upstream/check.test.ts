import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkPatches } from "../../harness/upstream/check.ts";
import { thisProject } from "../../harness/upstream/project.ts";
import { upstreams } from "../../harness/upstream/releases.ts";
import { readVariant, seriesFolder } from "../../harness/upstream/series.ts";

const project = thisProject();
const { pin, releases } = await upstreams(project);
const withSeries = releases.filter((release) => existsSync(seriesFolder(project, release, "pablo")));

describe("this project's patches", () => {
  it("exist for the pin", () => {
    expect(withSeries.map(({ tag }) => tag)).toContain(pin);
  });

  it.each(withSeries)("of $tag apply, and come out as they are", async (release) => {
    await checkPatches(project, release, () => {});
  });

  it.each(withSeries)("of $tag that are base touch programs only", async (release) => {
    for (const { name, content } of await readVariant(project, release, "upstream")) {
      const files = [...content.toString("latin1").matchAll(/^diff --git a\/(\S+) b\/(\S+)$/gm)].flatMap(([, a = "", b = ""]) => [a, b]);
      expect(files.length, name).toBeGreaterThan(0);
      // Until 2025 the tools were examples.
      expect(files.filter((file) => !/^(tools|common|examples)\//.test(file)), name).toEqual([]);
    }
  });
});
