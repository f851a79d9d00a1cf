import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { onTestFinished } from "vitest";
import type { Build } from "../../harness/build/build.ts";
import type { Flavour } from "../../harness/build/flavour.ts";
import { run } from "../../harness/process/run.ts";
import { childEnvironment } from "../../harness/steps/environment.ts";

/** Builds whose models may lie in another process: like those for a GPU in all but what computes, and that gives the processor's bits. */
export const rpcFlavour: Flavour = { options: { GGML_RPC: "ON", GGML_RPC_RDMA: "OFF" } };

/** What such a build needs beside a study's programs. */
export const rpcServer = "ggml-rpc-server";

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

/**
 * Starts llama.cpp's server of a remote processor, which ends with the test.
 *
 * @param build of {@link rpcFlavour}
 * @returns arguments of a program that put the whole model there
 */
export async function startRpcServer(build: Build): Promise<string[]> {
  const abort = new AbortController();
  const port = await freePort();
  const running = run(build.binary(rpcServer), ["-H", "127.0.0.1", "-p", String(port), "-t", "1"], { signal: abort.signal, env: childEnvironment(null), stallSeconds: 0 });
  let ended: Error | undefined;
  void running.catch((error: Error) => (ended = error));
  onTestFinished(async () => {
    abort.abort();
    await running.catch(() => undefined);
  });
  while (!(await answers(port))) {
    if (ended) throw ended;
    await wait(20);
  }
  return ["--rpc", `127.0.0.1:${port}`, "--device", "RPC0", "-ngl", "99", "-fit", "off", "-sm", "none"];
}
