import { InvalidArgumentError } from "commander";

/** Reads an option's value. @throws InvalidArgumentError when it is no finite number above 0 */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!/^[\d.]+(e-?\d+)?$/i.test(text) || !(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError("Allowed: a number above 0.");
  return value;
}
