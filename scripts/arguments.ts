import { parseArgv } from "zx";
import { UserError } from "../harness/errors.ts";

/** What a script was given. */
export interface Arguments<Name extends string> {
  help: boolean;
  options: Partial<Record<Name, string>>;
  /** Everything that is no option. */
  positional: string[];
}

/**
 * Reads a script's arguments: `--help`, and options that each take a value, which stays the text that it is.
 * With `--help` nothing else counts.
 *
 * @param usage what the script's help says, for errors
 * @throws {UserError} naming an option that is not known, or has no value, or is given twice
 */
export function readArguments<Name extends string>(names: readonly Name[], usage: string, given: string[] = process.argv.slice(2)): Arguments<Name> {
  const unknown: string[] = [];
  const parsed = parseArgv(given, {
    boolean: ["help"],
    alias: { help: "h" },
    string: ["_", ...names],
    unknown: (argument) => {
      const known = !argument.startsWith("-");
      if (!known) unknown.push(argument);
      return known;
    },
  });
  const values = names.flatMap((name) => (parsed[name] === undefined ? [] : [[name, parsed[name] as unknown] as const]));
  if (!parsed.help) {
    if (unknown.length > 0) throw new UserError(`There is no option ${unknown.join(", ")}. ${usage}`);
    for (const [name, value] of values) {
      if (typeof value !== "string" || value === "") throw new UserError(`--${name} needs one value. ${usage}`);
    }
  }
  return { help: parsed.help === true, options: Object.fromEntries(values) as Partial<Record<Name, string>>, positional: parsed._ };
}
