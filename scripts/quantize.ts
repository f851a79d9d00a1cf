import { main } from "../harness/cli.ts";

process.exitCode = await main(["quantize", ...process.argv.slice(2)]);
