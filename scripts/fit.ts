import { main } from "../harness/cli.ts";

process.exitCode = await main(["fit", ...process.argv.slice(2)]);
