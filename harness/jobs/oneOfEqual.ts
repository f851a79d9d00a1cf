/** Gives the first of values that are equal as JSON, in place of each of them. */
export type OneOfEqual = <Value extends object>(value: Value) => Value;

/** Different values that are remembered: what jobs have in common comes again with each of them, and what is one's alone is soon forgotten. */
const most = 1000;

/**
 * What thousands of jobs have in common is held once by it, or a few times where there is much. Since they have the same object
 * then, nobody may change what it gives.
 */
export function oneOfEqual(): OneOfEqual {
  const known = new Map<string, object>();
  return <Value extends object>(value: Value) => {
    const text = JSON.stringify(value);
    const first = known.get(text) ?? value;
    if (known.size >= most) known.clear();
    known.set(text, first);
    return first as Value;
  };
}
