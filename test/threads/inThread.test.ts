import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { inThread } from "../../harness/threads/inThread.ts";
import { computeForEver, fail, square } from "./tasks.ts";

const tasks = new URL("./tasks.ts", import.meta.url).href;
const never = new AbortController().signal;

it("computes elsewhere, many tasks at a time, with what the task says and throws", async () => {
  const values = Array.from({ length: 40 }, (_, index) => index);
  expect(await Promise.all(values.map((value) => inThread(tasks, square, value, never)))).toEqual(values.map(square));
  await expect(inThread(tasks, fail, "not that one", never)).rejects.toThrow("not that one");
});

it("leaves this thread free, and ends a task that would never end when its signal fires", async () => {
  const stop = new AbortController();
  const running = [inThread(tasks, computeForEver, undefined, stop.signal), inThread(tasks, computeForEver, undefined, stop.signal), inThread(tasks, square, 3, stop.signal)];
  const ended = Promise.allSettled(running);
  await wait(300);
  stop.abort();
  expect((await ended).map((result) => (result as PromiseRejectedResult).reason.name)).toEqual(["AbortError", "AbortError", "AbortError"]);
  // The threads that it took are made anew.
  expect(await inThread(tasks, square, 4, never)).toBe(16);
  await expect(inThread(tasks, square, 4, AbortSignal.abort())).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
});
