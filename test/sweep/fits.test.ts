import { expect, it } from "vitest";
import { readGguf } from "../../harness/gguf/read.ts";
import type { Target } from "../../harness/steps/step.ts";
import { fitInputs, type FitImatrix } from "../../harness/sweep/fits.ts";
import { smallModel } from "../support/smallModel.ts";
import { paperTarget } from "../support/target.ts";

const text = { name: "training.txt", path: "/nowhere/training.txt", sha256: "1".repeat(64), bytes: 1 };

async function keyOf(changes: Partial<FitImatrix>): Promise<string | undefined> {
  const file = await smallModel();
  const model = { name: "small", path: file, sha256: "0".repeat(64), bytes: 1, gguf: await readGguf(file) };
  const weighted: FitImatrix = { text, chunks: null, settings: { context: 512, batch: 2048, ubatch: 512 }, on: paperTarget(), ...changes };
  return fitInputs(model, weighted, () => undefined, new AbortController().signal).imatrix?.key;
}

it("the importance matrix of a fit is told from others by all that decides it", async () => {
  const key = await keyOf({});
  const same: Partial<FitImatrix>[] = [{ text: { ...text, name: "renamed.txt", path: "/elsewhere/renamed.txt" } }, { on: { ...paperTarget(), threads: "7" } }];
  for (const changes of same) expect(await keyOf(changes)).toBe(key);
  const build: Target = paperTarget([], { features: "x64" });
  const others: Partial<FitImatrix>[] = [{ settings: { context: 256, batch: 2048, ubatch: 512 } }, { chunks: 3 }, { on: build }, { text: { ...text, sha256: "2".repeat(64) } }];
  for (const changes of others) expect(await keyOf(changes)).not.toBe(key);
});
