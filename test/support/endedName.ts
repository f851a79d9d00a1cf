import { execa } from "execa";
import { processName } from "../../harness/processes.ts";

/** The name of a process of this machine that has ended. */
export async function endedName(): Promise<string> {
  const { stdout: dead } = await execa(process.execPath, ["-p", "process.pid"]);
  return processName().replace(`-${process.pid}-`, `-${dead}-`);
}
