import path from "node:path";
import { cacheFolder, projectRoot } from "../../paths.ts";

/** Variables of npm and of this process's own that a job must not inherit: what runs there was not started by either. */
const dropped = ["QUANTFLEX_RUN", "npm_lifecycle_event", "npm_package_json", "INIT_CWD"];

/**
 * A batch script that runs one of scripts/ on a node.
 *
 * @param script its name
 * @param words its arguments, as a shell reads them
 */
export function batchScript(script: string, words: readonly string[]): string {
  return [
    "#!/bin/sh",
    `unset ${dropped.join(" ")}`,
    `export PATH=${quoted(process.env["PATH"] ?? "")} QUANTFLEX_CACHE=${quoted(cacheFolder())}`,
    `cd ${quoted(projectRoot)} || { echo "error: $(hostname) does not see the project's folder"; exit 1; }`,
    // In its place: what Slurm tells the script, Node.js hears.
    `exec ${quoted(process.execPath)} --import tsx ${quoted(path.join("scripts", script))} ${words.join(" ")}`,
    "",
  ].join("\n");
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
