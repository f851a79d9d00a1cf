import { main } from "../harness/cli.ts";

process.exitCode = await main(["regress", ...process.argv.slice(2)]);
