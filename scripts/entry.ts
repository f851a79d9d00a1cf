import { chalk, echo } from "zx";
import { heedNpm } from "../harness/cli/startedByNpm.ts";
import { UserError } from "../harness/errors.ts";
import { untilInterrupted } from "../harness/process/interrupt.ts";

// The package looks at other variables (https://no-color.org).
if (process.env["NO_COLOR"]) chalk.level = 0;

const complain = (line: string): void => console.error(chalk.red(line));

/** Runs a script: says what it returns; a fault that the user can mend is said without a stack. */
export async function entry(script: (signal: AbortSignal) => Promise<string>): Promise<void> {
  process.exitCode = await untilInterrupted(
    async (signal) => {
      heedNpm();
      echo(chalk.green(await script(signal)));
      return 0;
    },
    (error) => {
      if (!(error instanceof UserError)) throw error;
      complain(error.message);
      return 1;
    },
    complain,
  );
}
