import { expect, it } from "vitest";
import { roundsFor, turns } from "../../harness/bench/turns.ts";

it("goes forwards and backwards by turns", () => {
  const order = turns(["A", "B", "C"], 3).map(({ subject, round }) => `${subject}${round}`);
  expect(order).toEqual(["A1", "B1", "C1", "C2", "B2", "A2", "A3", "B3", "C3"]);
});

it.each([[60, 5], [4, 5], [3.9, 10], [1.4, 15], [0.01, 20]])("%f s make %i rounds of five", (seconds, rounds) => {
  expect(roundsFor(5, seconds)).toBe(rounds);
});
