import { chalk, echo } from "zx";
import { UserError } from "../harness/errors.ts";

/** Runs a script: says what it returns; a fault that the user can mend is said without a stack. */
export async function entry(script: () => Promise<string>): Promise<void> {
  try {
    echo(chalk.green(await script()));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(chalk.red(error.message));
    process.exitCode = 1;
  }
}
