/** A cell's size and its value, where less is better of both. */
export interface Trade {
  name: string;
  bits: number;
  value: number;
}

/** Names of those that no other beats in one of size and value without losing in the other, smallest first. */
export function onFront(trades: readonly Trade[]): string[] {
  return trades
    .filter((one) => !trades.some((other) => other.bits <= one.bits && other.value <= one.value && (other.bits < one.bits || other.value < one.value)))
    .sort((left, right) => left.bits - right.bits || left.value - right.value)
    .map(({ name }) => name);
}
