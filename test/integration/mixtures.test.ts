import path from "node:path";
import { execa } from "execa";
import { beforeAll, expect, it } from "vitest";
import { type Build, ensureBuild } from "../../harness/build/build.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { projectRoot } from "../../harness/paths.ts";
import { mixtures } from "../../harness/steps/mixtures.ts";
import { expectedQuantizedBytes } from "../../harness/steps/room.ts";

let build: Build;
beforeAll(async () => void (build = await ensureBuild("patched")));

// Of a model whose rows fill blocks of 256, and of one whose rows do not.
it.each(["prose-7m", "sotu-1m"])("sizes of upstream's mixtures of %s are expected within 6 % of what llama-quantize says", async (name) => {
  const gguf = await readGguf(path.join(projectRoot, "models", name, `${name}-f16.gguf`));
  for (const type of [...Object.keys(mixtures), "Q6_K", "Q8_0"]) {
    const { all } = await execa(build.binary("llama-quantize"), ["--dry-run", gguf.path, type], { all: true });
    const [, mebibytes] = /quant size *= *([\d.]+) MiB/.exec(all) ?? [];
    const ratio = expectedQuantizedBytes(gguf, { type, pure: false }) / (Number(mebibytes) * 2 ** 20);
    expect(Math.abs(ratio - 1), `${type}: ${ratio}`).toBeLessThan(0.06);
  }
});
