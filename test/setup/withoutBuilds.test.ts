import { expect, it } from "vitest";
import { ensureBuild } from "../../harness/build/build.ts";

it("a unit test cannot build llama.cpp, nor use what was built before", async () => {
  await expect(ensureBuild("patched")).rejects.toThrow(/without-builds.builds/);
});
