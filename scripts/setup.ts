import { argv, chalk, echo } from "zx";
import { release } from "../harness/upstream/releases.ts";
import { ensureSource } from "../harness/upstream/source.ts";
import { entry } from "./entry.ts";

await entry(async () => {
  if (argv.help) return "npm run setup: fills llama.cpp/ with the pinned release, from the registry's bundle or its URL, and verifies it.";
  const pin = await release();
  const folder = await ensureSource(pin, (message) => echo(chalk.dim(message)));
  return `llama.cpp ${pin.tag} is in ${folder}, tree ${pin.tree}`;
});
