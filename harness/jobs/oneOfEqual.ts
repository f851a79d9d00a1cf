/** Gives the first of all values that are equal as JSON, in place of each of them. */
export type OneOfEqual = <Value extends object>(value: Value) => Value;

/**
 * What thousands of jobs have in common is held once by it. Since they all have the same object then, nobody may change what it
 * gives.
 */
export function oneOfEqual(): OneOfEqual {
  const known = new Map<string, object>();
  return <Value extends object>(value: Value) => {
    const text = JSON.stringify(value);
    const first = known.get(text) ?? value;
    known.set(text, first);
    return first as Value;
  };
}
