import { main } from "../harness/cli.ts";
import { heedNpm } from "../harness/cli/startedByNpm.ts";

/** Runs one of quantflex's commands with the arguments of this process. */
export async function command(name: string): Promise<void> {
  process.exitCode = await main([name, ...process.argv.slice(2)], {}, heedNpm);
}
