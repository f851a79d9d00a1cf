import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { content, type DownloadLab, makeDownloadLab, sha256, status, whole } from "../support/downloadLab.ts";
import { testServer } from "../support/unreliableServer.ts";

let lab: DownloadLab;
beforeEach(async () => void (lab = await makeDownloadLab()));

const get: DownloadLab["get"] = (given, options) => lab.get(given, options);
const files: DownloadLab["files"] = () => lab.files();

describe("the hub", () => {
  const token = "hf_secretOfThisTest";

  it("gets the token; where it leads to does not, and nothing written has it", async () => {
    const store = await testServer(whole);
    const hub = await testServer((_request, response) => void response.writeHead(302, { location: `${store.origin}/blob?signed=1`, "x-linked-etag": `"${sha256}"` }).end());
    vi.stubEnv("HF_ENDPOINT", hub.origin);
    vi.stubEnv("HF_TOKEN", token);
    expect((await get("hf:owner/repo/sub/file.bin@v1.0")).equals(content)).toBe(true);
    expect(hub.asked).toEqual([{ path: "/owner/repo/resolve/v1.0/sub/file.bin", range: undefined, authorization: `Bearer ${token}` }]);
    expect(store.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
    for (const file of await readdir(lab.cache, { recursive: true, withFileTypes: true })) if (file.isFile()) expect((await readFile(path.join(file.parentPath, file.name))).includes(token)).toBe(false);
    expect(JSON.stringify([lab.notes, lab.reports])).not.toContain(token);
  });

  it("tells the content by its SHA-256", async () => {
    const hub = await testServer((_request, response) => void response.writeHead(200, { "x-linked-etag": `"${"1".repeat(64)}"` }).end(content));
    vi.stubEnv("HF_ENDPOINT", hub.origin);
    await expect(get("hf:owner/repo/file.bin")).rejects.toThrow(/^hf:owner\/repo\/file\.bin has SHA-256 .*, not 1{64} as its server says/);
    expect(await files()).toEqual([]);
  });

  it("the token goes to no other address", async () => {
    const other = await testServer(whole);
    vi.stubEnv("HF_TOKEN", token);
    await get(`${other.origin}/file.bin`);
    expect(other.asked[0]!.authorization).toBeUndefined();
  });

  it("a token that is none is not shown", async () => {
    const hub = await testServer(whole);
    vi.stubEnv("HF_ENDPOINT", hub.origin);
    vi.stubEnv("HF_TOKEN", `${token}\nand more`);
    const error = (await get("hf:owner/repo/file.bin").catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toMatch(/^HF_TOKEN has characters in it that no token has/);
    expect(hub.asked).toEqual([]);
  });

  it("a refused token is not shown", async () => {
    const hub = await testServer(status(403));
    vi.stubEnv("HF_ENDPOINT", hub.origin);
    vi.stubEnv("HF_TOKEN", token);
    const error = (await get("hf:owner/repo/file.bin").catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toMatch(/the token in HF_TOKEN has no right to it/);
    expect(error.message).not.toContain(token);
  });
});
