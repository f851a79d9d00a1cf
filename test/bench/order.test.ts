import { expect, it } from "vitest";
import { orderOfRound } from "../../harness/bench/order.ts";
import { rows } from "../../harness/bench/rows.ts";

const pair = (patched: string, upstream: string) => ({ patched, upstream });

it("goes forwards and backwards by turns", () => {
  expect(orderOfRound([pair("p", "u")], 1)).toEqual(["p", "u"]);
  expect(orderOfRound([pair("p", "u")], 2)).toEqual(["u", "p"]);
  expect(orderOfRound([pair("p", "u")], 3)).toEqual(["p", "u"]);
});

it("puts what pairs share between their other sides, and measures it again where it cannot", () => {
  const star = [pair("p", "u"), pair("q", "u"), pair("r", "u")];
  expect(orderOfRound(star, 1)).toEqual(["p", "u", "q", "r", "u"]);
  expect(orderOfRound([pair("p", "u"), pair("x", "y"), pair("q", "u"), pair("q", "v")], 1)).toEqual(["p", "u", "q", "v", "x", "y"]);
  expect(orderOfRound([pair("p", "u"), pair("p", "v"), pair("q", "v")], 1)).toEqual(["u", "p", "v", "q"]);
});

it("measures a pair of several rows once", () => {
  expect(orderOfRound([pair("p", "u"), pair("p", "u")], 1)).toEqual(["p", "u"]);
});

it.each([1, 2])("round %i of any rows has the sides of every row next to each other", (round) => {
  for (const measure of new Set(rows.map((row) => row.measure))) {
    const own = rows.filter((row) => row.measure === measure);
    const order = orderOfRound(own, round);
    for (const { patched, upstream } of own) {
      const adjacent = order.filter((name, index) => name === patched && [order[index - 1], order[index + 1]].includes(upstream));
      expect(adjacent, `${patched} and ${upstream} in ${order.join(", ")}`).toHaveLength(1);
    }
    expect(order.length, order.join(", ")).toBeLessThan(1.5 * own.length + 1);
  }
});
