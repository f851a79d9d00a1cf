import type { Command, Option } from "commander";
import { UserError } from "../errors.ts";

/** Values that npm's own setting of the same name has. (Of others it tells a script nothing, and complains itself.) */
const npmsOwn: Record<string, readonly string[]> = { only: ["prod", "production"] };

/**
 * Refuses options that were meant for a command but taken by npm, because they do not stand behind `--`: the command would
 * run without them. npm tells a script in its environment which options it was called with.
 *
 * @param command the one that runs, by the name of npm's script
 * @param given the arguments that came through
 * @throws UserError with the command line that was meant
 */
export function refuseNpmsOptions(command: Command, given: readonly string[], environment: NodeJS.ProcessEnv = process.env): void {
  if (environment["npm_lifecycle_event"] !== command.name()) return;
  const taken = allOptions(command).flatMap((option) => {
    const value = environment[`npm_config_${option.attributeName().replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`];
    return value === undefined || value === "" || npmsOwn[option.attributeName()]?.includes(value) ? [] : [{ option, values: value.split("\n\n") }];
  });
  if (taken.length === 0) return;
  // Of `--study quick` npm takes the name, and the value comes through as an argument.
  const isLone = ({ option, values }: (typeof taken)[number]): boolean => takesValue(option) && values[0] === "true";
  const rest = [...given];
  const lone = taken.filter(isLone).length;
  const pairs = lone === 1 && rest.length === 1;
  const words = taken.flatMap((one) => {
    if (!takesValue(one.option)) return [one.option.long ?? ""];
    if (isLone(one)) return [`${one.option.long} ${pairs ? quoted(rest.shift() ?? "") : "…"}`];
    return one.values.map((value) => `${one.option.long}=${quoted(value)}`);
  });
  const names = taken.map(({ option }) => option.long).join(", ");
  throw new UserError(`${names}: taken by npm for ${taken.length > 1 ? "options" : "an option"} of its own; those of a command stand behind --: npm run ${command.name()} -- ${[...(lone > 0 && !pairs ? [] : rest.map(quoted)), ...words].join(" ")}`);
}

function allOptions(command: Command): Option[] {
  const all = [...command.options, ...command.commands.flatMap(allOptions)];
  return all.filter(({ long }, index) => all.findIndex((other) => other.long === long) === index);
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function quoted(word: string): string {
  return /^[\w./,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
