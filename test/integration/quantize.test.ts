import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ensureBuild, targetsOf } from "../../harness/build/build.ts";
import { main } from "../../harness/cli.ts";
import { readGguf } from "../../harness/gguf/read.ts";
import { hashFile } from "../../harness/hash.ts";
import { demoModel } from "../../harness/paths.ts";
import { calibrationTexts } from "../../harness/sweep/knownTexts.ts";
import { makeRealLab } from "../support/realLab.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";

let folder: string;
let printed = "";
beforeAll(async () => {
  await ensureBuild("patched", { targets: targetsOf(true) });
  await calibrationTexts["demo"]!();
  // Of its own: in a cache that lasts, moments are there from the second time on.
  vi.stubEnv("QUANTFLEX_CACHE", (await makeRealLab()).cache);
  folder = await lastingTemporaryFolder();
});
beforeEach(() => {
  printed = "";
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, "write").mockImplementation((text) => ((printed += String(text)), true));
});
afterEach(() => void vi.restoreAllMocks());

const quantize = (out: string, ...options: string[]): Promise<number> => main(["quantize", "--model", "sotu-1m", "--threads", "2", "--calibration-chunks", "4", "--out", path.join(folder, out), ...options]);

describe("npm run quantize", () => {
  it("makes a plain file with other codes in it, says what it takes, and keeps the moments for the next one", async () => {
    expect(await quantize("fed.gguf", "--type", "iq4_nl", "--feedback"), printed).toBe(0);
    expect(printed).toMatch(/^second moments: .* on disk, kept in /m);
    expect(printed).toMatch(/^moments: pass 1 of 1, chunk 4 of 4/m);
    expect(printed).toMatch(/^rounded, not chosen by feedback: token_embd\.weight \(no moments\)\nwrote .*fed\.gguf, \d+ kB$/m);
    printed = "";
    expect(await quantize("again.gguf", "--type", "IQ4_NL", "--feedback"), printed).toBe(0);
    expect(printed).not.toMatch(/pass 1 of 1/);
    expect(await quantize("plain.gguf", "--type", "iq4_nl"), printed).toBe(0);
    const [fed, plain] = await Promise.all(["fed.gguf", "plain.gguf"].map((name) => readGguf(path.join(folder, name))));
    expect([...fed!.metadata]).toEqual([...plain!.metadata]);
    const hashes = await Promise.all(["fed", "again", "plain"].map((name) => hashFile(path.join(folder, `${name}.gguf`))));
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[0]).not.toBe(hashes[2]);
  });

  it("makes a packed file of a table fitted to the model", async () => {
    expect(await quantize("packed.gguf", "--type", "q4_0", "--feedback", "--table", "fit"), printed).toBe(0);
    expect((await readGguf(path.join(folder, "packed.gguf"))).metadata.get("pablo.container")).toBe("packed");
    expect((await stat(path.join(folder, "packed.gguf"))).size).toBeLessThan((await stat(demoModel)).size / 3);
  });

  it.each([
    ["a type without feedback", ["--type", "q4_k", "--feedback"], /^error: feedback has no meaning for type Q4_K/m],
    ["a type that is none", ["--type", "q4_9"], /^error: .*type: "Q4_9" is not allowed/m],
    ["damping of nothing", ["--type", "q4_0", "--feedback", "--damping", "0"], /Allowed: a number above 0/],
    ["damping without feedback", ["--type", "q4_0", "--damping", "0.1"], /--damping goes with --feedback/],
    ["feedback and an importance matrix", ["--type", "q4_0", "--feedback", "--imatrix"], /give both only where/],
    ["a calibration text that is none", ["--type", "q4_0", "--feedback", "--calibration", "nowhere.txt"], /nowhere\.txt: there is no such file/],
  ])("%s is refused, and nothing is left", async (_what, options, says) => {
    const before = await readdir(folder);
    expect(await quantize("refused.gguf", ...options)).toBe(1);
    expect(printed).toMatch(says);
    expect(await readdir(folder)).toEqual(before);
  });
});
