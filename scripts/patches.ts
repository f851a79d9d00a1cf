import { chalk, echo } from "zx";
import { UserError } from "../harness/errors.ts";
import { patchesCommand, patchesUsage } from "../harness/upstream/commands.ts";
import { readArguments } from "./arguments.ts";
import { entry } from "./entry.ts";

await entry(async () => {
  const { help, options, positional } = readArguments(["release", "folder", "package", "from"], patchesUsage);
  if (help) return patchesUsage;
  const [command, tag, surplus] = positional;
  if (surplus !== undefined) throw new UserError(`patches does not take "${surplus}". ${patchesUsage}`);
  return patchesCommand(command, { ...options, tag }, (message) => echo(chalk.dim(message)));
});
