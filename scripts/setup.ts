import { chalk, echo } from "zx";
import { UserError } from "../harness/errors.ts";
import { release } from "../harness/upstream/releases.ts";
import { ensureSource } from "../harness/upstream/source.ts";
import { readArguments } from "./arguments.ts";
import { entry } from "./entry.ts";

const usage = "npm run setup: fills llama.cpp/ with the pinned release, from the registry's bundle or its URL, and verifies it.";

await entry(async () => {
  const { help, positional } = readArguments([], usage);
  if (help) return usage;
  if (positional.length > 0) throw new UserError(`setup does not take "${positional[0]}". ${usage}`);
  const pin = await release();
  const folder = await ensureSource(pin, (message) => echo(chalk.dim(message)));
  return `llama.cpp ${pin.tag} is in ${folder}, tree ${pin.tree}`;
});
