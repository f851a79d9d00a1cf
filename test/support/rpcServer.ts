import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Build } from "../../harness/build/build.ts";
import type { Flavour } from "../../harness/build/flavour.ts";
import { run } from "../../harness/process/run.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";

/** Builds whose models may lie in another process: like those for a GPU in all but what computes, and that gives the processor's bits. */
export const rpcFlavour: Flavour = { options: { GGML_RPC: "ON", GGML_RPC_RDMA: "OFF" } };

/** What such a build needs beside a study's programs. */
export const rpcServer = "ggml-rpc-server";

/**
 * Does something while llama.cpp's server of a remote processor runs, which ends with it.
 *
 * @param build of {@link rpcFlavour}
 * @param task gets the server's address
 * @throws {ProcessError} when the server ends before it answers
 */
export async function withRpcServer<T>(build: Build, task: (address: string) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const port = await freePort();
  const running = run(build.binary(rpcServer), ["-H", "127.0.0.1", "-p", String(port), "-t", "1"], { signal: stop.signal, env: childEnvironment(null), stallSeconds: 0 });
  let ended: Error | undefined;
  running.catch((error: Error) => (ended = error));
  try {
    while (!(await answers(port))) {
      if (ended) throw ended;
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
