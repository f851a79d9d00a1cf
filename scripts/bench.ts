import { main } from "../harness/cli.ts";

process.exitCode = await main(["bench", ...process.argv.slice(2)]);
