import { argv, chalk, echo } from "zx";
import { patchesCommand } from "../harness/upstream/commands.ts";
import { entry } from "./entry.ts";

const { help, release, folder, from, package: carrier } = argv;
const options = { help, release, folder, from, package: carrier, tag: argv._[1] };
await entry(() => patchesCommand(argv._[0], options, (message) => echo(chalk.dim(message))));
