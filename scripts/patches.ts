import { argv, chalk, echo } from "zx";
import { patchesCommand } from "../harness/upstream/commands.ts";
import { entry } from "./entry.ts";

await entry(() => patchesCommand(argv._[0], { release: argv.release, folder: argv.folder }, (message) => echo(chalk.dim(message))));
