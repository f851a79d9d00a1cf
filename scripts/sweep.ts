import { main } from "../harness/cli.ts";

process.exitCode = await main(["sweep", ...process.argv.slice(2)]);
