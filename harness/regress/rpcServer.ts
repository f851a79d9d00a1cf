import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Build } from "../build/build.ts";
import { run } from "../process/run.ts";
import { childEnvironment } from "../steps/environment.ts";

/** The program by which another process computes models; of builds for the backend rpc. */
export const rpcServer = "ggml-rpc-server";

/**
 * Does something while a server of this processor runs, which ends with it.
 *
 * @param task gets its address, as `--device` takes it
 * @throws ProcessError when the server ends before it answers
 */
export async function withRpcServer<T>(build: Pick<Build, "binary">, signal: AbortSignal, task: (address: string) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const port = await freePort();
  const running = run(build.binary(rpcServer), ["-H", "127.0.0.1", "-p", String(port), "-t", "1"], { signal: AbortSignal.any([signal, stop.signal]), env: childEnvironment(null), stallSeconds: 0 });
  let ended: { error: unknown } | null = null;
  running.catch((error: unknown) => (ended = { error }));
  try {
    while (!(await answers(port))) {
      if (ended) throw (ended as { error: unknown }).error;
      await wait(20);
    }
    return await task(`127.0.0.1:${port}`);
  } finally {
    stop.abort();
    await running.catch(() => undefined);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return once(socket, "connect").then(() => true, () => false).finally(() => socket.destroy());
}
