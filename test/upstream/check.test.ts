import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkPatches } from "../../harness/upstream/check.ts";
import { thisProject } from "../../harness/upstream/project.ts";
import { upstreams } from "../../harness/upstream/releases.ts";
import { readVariant, seriesFolder } from "../../harness/upstream/series.ts";
import { touchedFiles } from "../../harness/upstream/touchedFiles.ts";

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
    // In 2024 the tools were examples.
    const programs = release.tag === "b2329" ? /^(examples|common)\// : /^(tools|common)\//;
    for (const { name, content } of await readVariant(project, release, "upstream")) {
      const files = touchedFiles(content.toString("latin1"));
      expect(files.length, name).toBeGreaterThan(0);
      expect(files.filter((file) => !programs.test(file)), name).toEqual([]);
    }
  });
});
