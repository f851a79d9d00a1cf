import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { hashFile } from "../../harness/hash.ts";
import { readPlan } from "../../harness/store/plan.ts";
import { startScript } from "../support/cli.ts";
import { smallModel, smallQuantized } from "../support/smallModel.ts";
import { splitModel } from "../support/splitModel.ts";
import { makeLab, type SweepLab } from "../support/sweepLab.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { serve, testServer, type TestServer } from "../support/unreliableServer.ts";

let cache: string;
let lab: SweepLab;
beforeEach(async () => {
  cache = await temporaryFolder();
  vi.stubEnv("QUANTFLEX_CACHE", cache);
  lab = await makeLab();
});

/** Serves a small model in three parts, a quantized one, and a text. */
async function inputServer(without?: string): Promise<TestServer & { sha256: string }> {
  const parts = await splitModel(await smallModel(), lab.folder, "small-f16", 3);
  const files = [...parts, path.join(await smallQuantized(), "Q4_1.gguf"), path.join(lab.folder, "text.txt")];
  const contents = new Map<string, Buffer>(await Promise.all(files.map(async (file) => [`/in/${path.basename(file)}`, await readFile(file)] as const)));
  const server = await testServer((request, response) => {
    const content = contents.get(request.url!);
    if (content && !request.url!.endsWith(without ?? "?")) serve(content, request, response);
    else response.writeHead(404).end();
  });
  return { ...server, sha256: await hashFile(parts[0]!) };
}

describe("inputs by name", () => {
  it("are downloaded once, of a split model all parts", async () => {
    const { origin, asked, sha256 } = await inputServer();
    const request = { model: `${origin}/in/small-f16-00001-of-00003.gguf#sha256=${sha256}`, text: `${origin}/in/text.txt`, also: [`${origin}/in/Q4_1.gguf`] };
    const ended = await lab.run(request);
    expect(ended).toMatchObject({ computed: ["f16", "a", "b", "Q4_1"], failed: [] });
    expect(asked.map(({ path: name }) => name).sort()).toEqual(["/in/Q4_1.gguf", "/in/small-f16-00001-of-00003.gguf", "/in/small-f16-00002-of-00003.gguf", "/in/small-f16-00003-of-00003.gguf", "/in/text.txt"]);
    const { model } = (await readPlan(lab.out))!;
    expect(model).toMatchObject({ name: "small-f16", sha256: await hashFile(await smallModel()) });
    expect(lab.events.some((event) => event.kind === "prepare" && event.text.startsWith("downloading http"))).toBe(true);
    expect((await lab.run(request)).stored).toHaveLength(4);
    expect(asked).toHaveLength(5);
  });

  it("a part that the server does not have is named", async () => {
    const { origin } = await inputServer("00002-of-00003.gguf");
    await expect(lab.run({ model: `${origin}/in/small-f16-00001-of-00003.gguf` })).rejects.toThrow(/small-f16-00002-of-00003\.gguf: there is no such file \(the server answered 404\)/);
    expect(await lab.calls()).toEqual([]);
  });

  it("a path with another checksum than the file's is refused, with its own it is read", async () => {
    const model = await smallModel();
    await expect(lab.run({ model: `${model}#sha256=${"1".repeat(64)}` })).rejects.toThrow(/small-f16\.gguf has SHA-256 \w{64}, not 1{64} as was given; give the checksum of the file that is wanted/);
    expect((await lab.run({ model: `${model}#sha256=${await hashFile(model)}` })).failed).toEqual([]);
  });

  it("an address without a file ends the command with one line and no results", async () => {
    const { origin } = await inputServer();
    const out = path.join(lab.folder, "none");
    const { code, stderr } = await startScript("sweep.ts", ["--study", path.join(lab.folder, "s.yaml"), "--model", `${origin}/in/none.gguf`, "--out", out]).ended;
    expect([code, stderr.trim()]).toEqual([1, `error: ${origin}/in/none.gguf: there is no such file (the server answered 404); look at the address, and at the revision`]);
    await expect(readdir(out)).rejects.toThrow();
  });
});
