import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { trimDownloads } from "../../harness/download/kept.ts";
import { readPart } from "../../harness/gguf/read.ts";
import { hashText } from "../../harness/hash.ts";
import { content, type DownloadLab, makeDownloadLab, sha256, status, whole } from "../support/downloadLab.ts";
import { smallModel } from "../support/smallModel.ts";
import { type Answering, drop, serve, testServer, type TestServer } from "../support/unreliableServer.ts";

let lab: DownloadLab;
beforeEach(async () => void (lab = await makeDownloadLab()));

const get: DownloadLab["get"] = (given, options) => lab.get(given, options);
const files: DownloadLab["files"] = () => lab.files();

async function serverOf(answer: Answering): Promise<TestServer & { url: string }> {
  const server = await testServer(answer);
  return { ...server, url: `${server.origin}/some/file.bin` };
}

describe("a download", () => {
  it("is what the server has, with progress, and is not asked for again", async () => {
    const { url, asked } = await serverOf(whole);
    expect((await get(url)).equals(content)).toBe(true);
    expect((await get(`${url}#sha256=${sha256}`)).equals(content)).toBe(true);
    expect(asked).toHaveLength(1);
    expect(lab.reports.at(-1)).toMatchObject({ text: expect.stringMatching(/^downloading http.*file\.bin: 200 kB of 200 kB$/) as string, fraction: 1 });
    expect(lab.notes.join()).toMatch(new RegExp(`lies in .*; SHA-256 ${sha256}`));
    expect(await files()).toEqual(["file.bin", "file.bin.json"]);
  });

  it("is kept as long as it is used, or there is room", async () => {
    const { origin, asked } = await serverOf(whole);
    for (const name of ["one", "two", "three"]) await get(`${origin}/${name}/file.bin`);
    const longAgo = new Date(2001, 1, 1);
    for (const name of await readdir(path.join(lab.cache, "downloads"), { recursive: true })) await utimes(path.join(lab.cache, "downloads", name), longAgo, longAgo);
    await get(`${origin}/two/file.bin`);
    await trimDownloads(1e6);
    expect(await files()).toHaveLength(6);
    await trimDownloads(1e5);
    expect(await files()).toEqual(["file.bin", "file.bin.json"]);
    await get(`${origin}/two/file.bin`);
    expect(asked.map(({ path: asking }) => asking)).toEqual(["/one/file.bin", "/two/file.bin", "/three/file.bin"]);
  });

  it("is made again when the file in the cache is another by now", async () => {
    const { url, asked } = await serverOf(whole);
    await get(url);
    const [folder] = await readdir(path.join(lab.cache, "downloads"));
    await writeFile(path.join(lab.cache, "downloads", folder!, "file.bin"), "damaged");
    expect((await get(url)).equals(content)).toBe(true);
    expect(asked).toHaveLength(2);
  });

  const troubled: [string, Answering, requests: number][] = [
    ["drops the connection, and is asked for the rest", (request, response, index) => {
      if (index === 0) return drop(response, content.subarray(0, 90_000), { etag: '"one"', "content-length": content.length });
      serve(content, request, response);
    }, 2],
    ["drops it thrice, and knows no ranges", (_request, response, index) => {
      if (index < 3) return drop(response, content.subarray(0, 90_000), { etag: '"one"', "content-length": content.length });
      response.writeHead(200, { "content-length": content.length }).end(content);
    }, 4],
    ["has another file after it dropped", (request, response, index) => {
      if (index === 0) return drop(response, Buffer.alloc(90_000), { etag: '"old"', "content-length": content.length });
      serve(content, request, response);
    }, 2],
    ["sends other bytes than were asked for", (request, response, index) => {
      if (index === 0) return drop(response, content.subarray(0, 90_000), { etag: '"one"', "content-length": content.length });
      if (index === 1) return void response.writeHead(206, { etag: '"one"', "content-range": `bytes 80000-199999/200000` }).end(content.subarray(80_000));
      serve(content, request, response);
    }, 3],
    ["says of the rest that the file is longer", (request, response, index) => {
      if (index === 0) return drop(response, content.subarray(0, 90_000), { etag: '"one"', "content-length": content.length });
      if (index === 1) return void response.writeHead(206, { etag: '"one"', "content-range": `bytes 90000-299999/300000` }).end(content.subarray(90_000));
      serve(content, request, response);
    }, 3],
    ["answers 429 and says when to come again", (request, response, index) => (index === 0 ? status(429, { "retry-after": "0" })(request, response, 0) : serve(content, request, response)), 2],
    ["answers 503 thrice", (request, response, index) => (index < 3 ? status(503)(request, response, index) : serve(content, request, response)), 4],
    ["says no length", (_request, response) => void response.writeHead(200).end(content), 1],
    ["falls silent", (request, response, index) => {
      if (index === 0) return void response.writeHead(200, { etag: '"one"', "content-length": content.length }).write(content.subarray(0, 50_000));
      serve(content, request, response);
    }, 2],
    ["does not answer", (request, response, index) => (index === 0 ? undefined : serve(content, request, response)), 2],
    ["leads elsewhere", (request, response, index) => (index === 0 ? status(302, { location: "/other" })(request, response, 0) : serve(content, request, response)), 2],
  ];
  it.each(troubled)("ends well where the server %s", async (_what, answer, requests) => {
    const { url, asked } = await serverOf(answer);
    expect((await get(`${url}#sha256=${sha256}`)).equals(content)).toBe(true);
    expect(asked).toHaveLength(requests);
    expect(await files()).toEqual(["file.bin", "file.bin.json"]);
  });

  it("asks for no byte twice where the server says that the file is the same", async () => {
    const { url, asked } = await serverOf(troubled[0]![1]);
    await get(url);
    expect(asked.map(({ range }) => range)).toEqual([undefined, "bytes=90000-"]);
  });

  it("goes on where a run that was stopped ended", async () => {
    const stop = new AbortController();
    const { url, asked } = await serverOf((request, response, index) => {
      if (index > 0) return serve(content, request, response);
      response.writeHead(200, { etag: '"one"', "content-length": content.length }).write(content.subarray(0, 120_000));
      setTimeout(() => stop.abort(), 200);
    });
    await expect(get(url, { signal: stop.signal, silence: 60 })).rejects.toThrow(/abort/i);
    expect(await files()).toEqual(["file.bin.partial", "file.bin.partial.json"]);
    expect((await get(url)).equals(content)).toBe(true);
    expect(asked.map(({ range }) => range)).toEqual([undefined, "bytes=120000-"]);
    expect(await files()).toEqual(["file.bin", "file.bin.json"]);
  });

  it("is one download of two at a time", async () => {
    const { url, asked } = await serverOf(whole);
    await Promise.all([get(url), get(url)]);
    expect(asked).toHaveLength(1);
  });
});

describe("a download that cannot be is one line, and leaves nothing", () => {
  const always: [string, Answering, RegExp][] = [
    ["404", status(404), /file\.bin: there is no such file \(the server answered 404\); look at the address, and at the revision$/],
    ["401", status(401), /the server refuses it \(401\); if it is gated, accept the model's terms on its page and put a token into HF_TOKEN$/],
    ["400", status(400), /the server answered 400; look at the address/],
    ["503 for ever", status(503), /cannot be downloaded: the server answered 503, 5 times in a row; .*try again later, or give the path of a file$/],
    ["429 for an hour", status(429, { "retry-after": "3600" }), /answered 429 and wants to be asked again in 3600 seconds; try again then$/],
    ["redirects in a circle", status(302, { location: "/some/file.bin" }), /leads from one address to the next, more than 5 times/],
    ["a redirect to what is not https", status(302, { location: "http://example.org/file.bin" }), /http:\/\/example\.org\/file\.bin is not https/],
    ["the wrong bytes", (_request, response) => void response.writeHead(200).end("something else"), new RegExp(`has SHA-256 ${hashText("something else")}, not ${sha256} as was given; give the checksum`)],
    ["no room", (_request, response) => drop(response, content, { "content-length": 1e15 }), /needs 1000000000000000 bytes, and its disk has \d+ bytes free; make room, or give another cache folder in QUANTFLEX_CACHE$/],
  ];
  it.each(always)("%s", async (_what, answer, message) => {
    const { url } = await serverOf(answer);
    const error = (await get(`${url}#sha256=${sha256}`).catch((thrown: unknown) => thrown)) as Error;
    expect(error.name).toMatch(/^(UserError|DiskFull)$/);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("\n");
    expect(await files()).toEqual([]);
  });

  it("a length that never comes", async () => {
    const { url, asked } = await serverOf((_request, response) => drop(response, content.subarray(0, 1000), { "content-length": 5000 }));
    await expect(get(url)).rejects.toThrow(/cannot be downloaded: .*, 5 times in a row/);
    expect(asked.length).toBeLessThan(8);
  });

  it("a length that is too short, where the content says so itself", async () => {
    const model = await readFile(await smallModel());
    const { origin } = await testServer((_request, response) => void response.writeHead(200, { "content-length": 9000 }).end(model.subarray(0, 9000)));
    await expect(get(`${origin}/m.gguf`, { check: async (file) => void (await readPart(file)) })).rejects.toThrow(/m\.gguf gave something else than was asked for: it is (truncated|damaged)/);
    expect(await files()).toEqual([]);
  });

  it("a page in place of a model", async () => {
    const { origin } = await testServer((_request, response) => void response.writeHead(200).end("<html>log in</html>"));
    await expect(get(`${origin}/m.gguf`, { check: async (file) => void (await readPart(file)) })).rejects.toThrow(/gave something else .*: it is not a GGUF file/);
    expect(await files()).toEqual([]);
  });

  it("nobody at that address", async () => {
    await expect(get("http://127.0.0.1:9/file.bin")).rejects.toThrow(/cannot be downloaded: (ECONNREFUSED|bad port), 5 times in a row/);
  });

  it("what was there of an earlier checksum stays", async () => {
    const { url } = await serverOf(whole);
    await get(url);
    await expect(get(`${url}#sha256=${"0".repeat(64)}`)).rejects.toThrow(/as was given/);
    expect((await get(url)).equals(content)).toBe(true);
  });
});
