import { setTimeout as wait } from "node:timers/promises";
import { expect, it } from "vitest";
import { inParallel } from "../../harness/regress/parallel.ts";

it("does every item once, never more at a time than the limit", async () => {
  let [now, most] = [0, 0];
  const done: number[] = [];
  await inParallel(2, [5, 1, 4, 2, 3].map((item) => async () => {
    most = Math.max(most, ++now);
    await wait(item);
    now--;
    done.push(item);
  }));
  expect(done.sort()).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

it("after a fault starts nothing more, and waits for what is under way", async () => {
  const started: number[] = [];
  let ended = false;
  const work = inParallel(2, [1, 2, 3, 4].map((item) => async () => {
    started.push(item);
    if (item === 1) throw new Error("no");
    await wait(20);
    ended = true;
  }));
  await expect(work).rejects.toThrow("no");
  expect({ started, ended }).toEqual({ started: [1, 2], ended: true });
});
