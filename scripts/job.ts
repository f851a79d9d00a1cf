import { main } from "../harness/cli.ts";

process.exitCode = await main(["job", ...process.argv.slice(2)]);
