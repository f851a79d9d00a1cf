import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, afterEach, describe, expect, it } from "vitest";
import { logitsBytes } from "../../harness/steps/reference.ts";
import { once, preparedFile } from "../../harness/run/prepared.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe("a file that is made once", () => {
  let cache = "";
  const before = process.env["QUANTFLEX_CACHE"];
  beforeEach(async () => void (process.env["QUANTFLEX_CACHE"] = cache = await temporaryFolder()));
  afterEach(() => {
    if (before === undefined) delete process.env["QUANTFLEX_CACHE"];
    else process.env["QUANTFLEX_CACHE"] = before;
  });

  it("is made once, however many want it, and again when it was deleted", async () => {
    let made = 0;
    const want = (): Promise<string> => preparedFile("things", "a", async (file) => writeFile(file, String(++made)), {});
    const [first] = await Promise.all([want(), want(), want()]);
    expect(await readFile(first!, "utf8")).toBe("1");
    await rm(first!);
    expect(await readFile(await want(), "utf8")).toBe("2");
  });

  it("is not there, nor half of it, when making it failed", async () => {
    const failing = preparedFile("things", "a", async (file) => {
      await writeFile(file, "half");
      throw new Error("out of paper");
    }, {});
    await expect(failing).rejects.toThrow("out of paper");
    expect(await readdir(path.join(cache, "things"))).toEqual([]);
  });

  it("says so when it waits for another to make it", { timeout: 20_000 }, async () => {
    let second: Promise<string> | undefined;
    const first = preparedFile("things", "a", async (file) => {
      await new Promise<void>((onWait) => (second = preparedFile("things", "a", async () => expect.fail("made twice"), { onWait })));
      await writeFile(file, "once");
    }, {});
    expect(await first).toBe(await second);
  });
});

it("work is done once, but a failure is not kept", async () => {
  let tries = 0;
  const work = once(async () => {
    if (++tries === 1) throw new Error("no");
    return tries;
  });
  await expect(work()).rejects.toThrow("no");
  expect(await Promise.all([work(), work()])).toEqual([2, 2]);
});

describe("the size of the predictions", () => {
  it("is what llama-perplexity wrote for the demo model's text", () => {
    expect(logitsBytes({ chunks: 130, context: 512, vocabulary: 1024 })).toBe(68_422_660);
  });
});
