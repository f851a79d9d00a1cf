import { expect, test } from "vitest";
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from "../../harness/analysis/half.ts";

test("every half survives the way there and back", () => {
  for (let half = 0; half < 65536; half++) {
    const value = halfToFloat(half);
    if (Number.isNaN(value)) expect(halfToFloat(floatToHalf(value))).toBeNaN();
    else if (floatToHalf(value) !== half) throw new Error(`half ${half} became ${floatToHalf(value)}`);
  }
});

test("between two neighbours the nearer is taken, in the middle the even one", () => {
  for (let half = 0; half < 0x7bff; half++) {
    const low = halfToFloat(half);
    const high = halfToFloat(half + 1);
    const middle = (low + high) / 2;
    if (floatToHalf(middle) !== half + (half & 1)) throw new Error(`the middle above ${half} went to ${floatToHalf(middle)}`);
    const above = middle + (high - low) / 64;
    if (floatToHalf(above) !== half + 1 || floatToHalf(-above) !== (half + 1) + 0x8000) throw new Error(`above the middle over ${half}`);
  }
});

test("overflow, infinities and the largest", () => {
  expect(halfToFloat(floatToHalf(65519.99))).toBe(65504);
  expect(floatToHalf(65520)).toBe(0x7c00);
  expect(floatToHalf(-Infinity)).toBe(0xfc00);
  expect(halfToFloat(floatToHalf(NaN))).toBeNaN();
});

test("bfloat16 rounds to even", () => {
  for (let bfloat = 0; bfloat < 65536; bfloat++) {
    const value = bfloatToFloat(bfloat);
    if (!Number.isNaN(value) && floatToBfloat(value) !== bfloat) throw new Error(`bfloat ${bfloat}`);
  }
  expect(floatToBfloat(1 + 2 ** -8)).toBe(0x3f80);
  expect(floatToBfloat(1 + 3 * 2 ** -8)).toBe(0x3f82);
});
