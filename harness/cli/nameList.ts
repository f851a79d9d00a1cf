import { InvalidArgumentError } from "commander";

/**
 * Reads an option that is a list of names, commas between.
 *
 * @param allowed the names there are
 * @returns what reads the option: it gives the names in the order of `allowed`, and throws InvalidArgumentError for others
 */
export function nameList<Name extends string>(allowed: readonly Name[]): (text: string) => Name[] {
  return (text) => {
    const names = text.split(",").map((name) => name.trim());
    const known = allowed.filter((name) => names.includes(name));
    if (known.length < new Set(names).size) throw new InvalidArgumentError(`Allowed: ${allowed.join(", ")}, with commas between.`);
    return known;
  };
}
