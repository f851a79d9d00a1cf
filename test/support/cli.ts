import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { projectRoot } from "../../harness/paths.ts";

/** How a script ended, and what it printed. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Start one of scripts/ as npm does. */
export function startScript(name: string, argumentList: string[]): { child: ChildProcess; ended: Promise<Ended>; said(text: string): Promise<void> } {
  const child = spawn(process.execPath, ["--import", "tsx", path.join("scripts", name), ...argumentList], { cwd: projectRoot });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stdout.includes(text)) resolve();
      };
      look();
      child.stdout.on("data", look);
      child.on("close", () => reject(new Error(`ended without saying ${text}: ${stdout}${stderr}`)));
    });
  return { child, ended, said };
}
