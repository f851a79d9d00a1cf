import { main } from "../harness/cli.ts";

process.exitCode = await main(["report", ...process.argv.slice(2)]);
