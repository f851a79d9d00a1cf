import path from "node:path";
import { UserError } from "../errors.ts";
import { projectRoot } from "../paths.ts";
import { stopSignal } from "../process/interrupt.ts";

/** Milliseconds between two looks at whether npm still runs. */
const pause = 500;

/**
 * What a command owes to being started by `npm run`, which runs it in the project's folder: paths count from where npm was
 * called; and when npm is gone, ended by a signal that it does not pass on, the command stops as at a hangup.
 *
 * @throws UserError when the folder that npm was called in is gone
 */
export function heedNpm(environment: NodeJS.ProcessEnv = process.env): void {
  const { npm_lifecycle_event: script, npm_package_json: project, INIT_CWD: caller } = environment;
  // Processes further down inherit all this, and run elsewhere.
  if (script === undefined || project === undefined || path.dirname(project) !== process.cwd()) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent && stopSignal()?.aborted === false) process.emit("SIGHUP");
  }, pause).unref();
  if (caller === undefined || caller === process.cwd()) return;
  // What runs in threads is TypeScript of this project's, whatever lies in that folder.
  environment["TSX_TSCONFIG_PATH"] ??= path.join(projectRoot, "tsconfig.json");
  try {
    process.chdir(caller);
  } catch (error) {
    throw new UserError(`the folder ${caller}, which npm was called in, cannot be entered (${(error as Error).message}); call it in another`);
  }
}
