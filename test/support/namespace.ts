import { execa } from "execa";
import { projectRoot } from "../../harness/paths.ts";

/** A namespace that ends with its command, in which a user may mount. */
const options = ["--user", "--map-root-user", "--mount"];

/** Whether this machine lets its user mount file systems there. */
export async function canMount(): Promise<boolean> {
  const { exitCode } = await execa("unshare", [...options, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { reject: false });
  if (exitCode !== 0) console.warn("no file system can be mounted here: what needs one is not tried");
  return exitCode === 0;
}

/** How a command ended. */
export interface EndedCommand {
  exitCode?: number | undefined;
  stdout: string;
  stderr: string;
}

/**
 * Runs shell commands there, the last of which is `"$@"`.
 *
 * @param environment on top of this program's own
 */
export async function inNamespace(commands: readonly string[], argv: readonly string[], environment: Record<string, string>): Promise<EndedCommand> {
  return execa("unshare", [...options, "sh", "-c", ["set -e", ...commands].join("\n"), "sh", ...argv], { cwd: projectRoot, reject: false, env: environment });
}
