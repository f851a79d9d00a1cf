import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { parseAddress } from "../../harness/download/address.ts";
import { download } from "../../harness/download/download.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { serve, testServer } from "../support/unreliableServer.ts";

const content = Buffer.from("what a proxy passes on");
const names = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"];

beforeEach(async () => {
  vi.stubEnv("QUANTFLEX_CACHE", await temporaryFolder());
  for (const name of names) vi.stubEnv(name, undefined);
});

/** A proxy on this machine that makes tunnels, or refuses to. */
async function testProxy(refuses = false): Promise<{ origin: string; tunnels: { to: string; authorization: string | undefined }[] }> {
  const tunnels: { to: string; authorization: string | undefined }[] = [];
  const server = createServer();
  server.on("connect", ({ url = "", headers }, socket) => {
    tunnels.push({ to: url, authorization: headers["proxy-authorization"] });
    if (refuses) return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const { hostname, port } = new URL(`http://${url}`);
    const there = connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      there.pipe(socket).pipe(there);
    });
    socket.on("error", () => there.destroy());
    there.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tunnels };
}

const get = async (given: string): Promise<Buffer> =>
  readFile(await download(parseAddress(given), { signal: new AbortController().signal, note: () => undefined, report: () => undefined, pause: 1, silence: 5 }));

describe("a download goes", () => {
  it.each(["HTTP_PROXY", "http_proxy"])("through the proxy that %s names, with the name and password in it", async (name) => {
    const [proxy, { origin }] = [await testProxy(), await testServer((request, response) => serve(content, request, response))];
    vi.stubEnv(name, proxy.origin.replace("//", "//someone:secret@"));
    expect((await get(`${origin}/file.bin`)).equals(content)).toBe(true);
    expect(proxy.tunnels).toEqual([{ to: new URL(origin).host, authorization: `Basic ${Buffer.from("someone:secret").toString("base64")}` }]);
  });

  it("past it to hosts that NO_PROXY names, and without one to all", async () => {
    const [proxy, { origin }] = [await testProxy(), await testServer((request, response) => serve(content, request, response))];
    vi.stubEnv("NO_PROXY", "example.org, 127.0.0.1");
    vi.stubEnv("HTTP_PROXY", proxy.origin);
    expect((await get(`${origin}/file.bin`)).equals(content)).toBe(true);
    vi.stubEnv("HTTP_PROXY", "");
    expect((await get(`${origin}/other.bin`)).equals(content)).toBe(true);
    expect(proxy.tunnels).toEqual([]);
  });

  it("through HTTPS_PROXY where the address is https, and says that it went through one when it fails", async () => {
    const proxy = await testProxy(true);
    vi.stubEnv("HTTPS_PROXY", proxy.origin);
    await expect(get("https://models.invalid/file.bin")).rejects.toThrow(/^https:\/\/models\.invalid\/file\.bin cannot be downloaded: .*407.* \(through the proxy of HTTPS_PROXY\), 5 times in a row; /);
    expect(proxy.tunnels.map(({ to }) => to)).toEqual(Array<string>(5).fill("models.invalid:443"));
  });
});

it("a proxy that is no address is refused by its variable, without what may be a password", async () => {
  vi.stubEnv("HTTPS_PROXY", "ftp://user:secret@proxy.example");
  await expect(get("https://models.invalid/file.bin")).rejects.toThrow(/^the proxy for https:\/\/models\.invalid is no address, such as http:\/\/proxy\.example:3128; set HTTPS_PROXY again, or unset it$/);
});
