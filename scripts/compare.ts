import { main } from "../harness/cli.ts";

process.exitCode = await main(["compare", ...process.argv.slice(2)]);
