import { InvalidArgumentError } from "commander";

/** Reads an option's value. @throws InvalidArgumentError when it is no whole number from 1 up */
export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Allowed: a whole number from 1.");
  return Number(text);
}
