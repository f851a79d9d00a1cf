import { main } from "../harness/cli.ts";

process.exitCode = await main(["test", ...process.argv.slice(2)]);
