import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What became of a request. */
export interface Asked {
  path: string;
  range: string | undefined;
  authorization: string | undefined;
}

/** An HTTP server on this machine that answers as a test wants it to. */
export interface TestServer {
  origin: string;
  asked: Asked[];
}

/** Answers a request, the so-and-so-manieth from 0. */
export type Answering = (request: IncomingMessage, response: ServerResponse, index: number) => void;

/** Starts a server for the test at hand. */
export async function testServer(answer: Answering): Promise<TestServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url!, range: request.headers.range, authorization: request.headers.authorization });
    answer(request, response, asked.length - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Answers as a well-behaved server does, with ranges where the file is the same still. */
export function serve(content: Buffer, request: IncomingMessage, response: ServerResponse, etag = '"one"'): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const same = request.headers["if-range"] === etag;
  if (from === 0 || !same) return void response.writeHead(200, { etag, "content-length": content.length }).end(content);
  if (from >= content.length) return void response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
  response.writeHead(206, { etag, "content-range": `bytes ${from}-${content.length - 1}/${content.length}`, "content-length": content.length - from }).end(content.subarray(from));
}

/** Sends a part of what it spoke of, and breaks the connection. */
export function drop(response: ServerResponse, part: Buffer, headers: Record<string, string | number>, status = 200): void {
  response.writeHead(status, headers);
  response.write(part, () => setTimeout(() => response.destroy(), 30));
}
