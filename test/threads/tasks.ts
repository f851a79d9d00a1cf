/** Never ends by itself, and never lets anything else run on its thread. */
export function computeForEver(): never {
  for (;;);
}

export function square(value: number): number {
  return value * value;
}

export function fail(message: string): never {
  throw new TypeError(message);
}
