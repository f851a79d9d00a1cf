import { Command } from "commander";
import { chalk, echo } from "zx";
import { releaseNamed } from "../harness/upstream/releases.ts";
import { ensureSource } from "../harness/upstream/source.ts";
import { entry } from "./entry.ts";

const command = new Command("setup")
  .description("Fill llama.cpp/ with the pinned release, from the registry's bundle or its URL, and verify it.")
  .showHelpAfterError("(add --help for the options)");

await entry(async () => {
  command.parse();
  const pin = await releaseNamed();
  const folder = await ensureSource(pin, (message) => echo(chalk.dim(message)));
  return `llama.cpp ${pin.tag} is in ${folder}, tree ${pin.tree}`;
});
