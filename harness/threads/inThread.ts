import { setMaxListeners } from "node:events";
import { availableParallelism } from "node:os";
import { Tinypool } from "tinypool";

/** Threads in all: what goes on beside llama.cpp's programs shall not take their processors. */
const mostThreads = Math.min(2, availableParallelism());

/** Milliseconds that a thread without work is kept for: the next cell needs it again. */
const idleTimeout = 30_000;

let pool: Tinypool | undefined;

/** Threads start when they are needed first, and end with the process. */
function threads(): Tinypool {
  const filename = new URL("./entry.mjs", import.meta.url);
  return (pool ??= new Tinypool({ filename, runtime: "worker_threads", minThreads: 0, maxThreads: mostThreads, isolateWorkers: false, idleTimeout, execArgv: [] }));
}

/**
 * Long computing off the main thread, which hears signals and follows programs meanwhile. At most two tasks run at a
 * time; others wait.
 *
 * @param module `import.meta.url` of the file that exports the task
 * @param task a function exported by its own name; it shares no memory with this thread
 * @param input what can be cloned
 * @param signal ends the task at once, and its thread with it
 * @throws {Error} with the name `AbortError` when `signal` fires
 * @throws what the task throws, as a plain Error with its message
 */
export async function inThread<Input, Output>(module: string, task: (input: Input) => Output | Promise<Output>, input: Input, signal: AbortSignal): Promise<Output> {
  // Every task that waits listens to it, and many may.
  setMaxListeners(0, signal);
  return (await threads().run({ module, name: task.name, input }, { signal })) as Output;
}
