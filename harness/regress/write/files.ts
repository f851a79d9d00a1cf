import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeAtomic } from "../../writeAtomic.ts";
import { UserError } from "../../errors.ts";
import type { RegressReport } from "../types.ts";
import { junitXml } from "./junit.ts";
import { markdown } from "./markdown.ts";

/**
 * Writes regress.json, regress.md and junit.xml.
 *
 * @returns their paths
 * @throws {UserError} the folder cannot be written
 */
export async function writeReport(folder: string, report: RegressReport): Promise<string[]> {
  const files = { "regress.json": `${JSON.stringify(report, null, 2)}\n`, "regress.md": markdown(report), "junit.xml": junitXml(report) };
  try {
    await mkdir(folder, { recursive: true });
    const paths = Object.keys(files).map((name) => path.join(folder, name));
    await Promise.all(Object.values(files).map((text, index) => writeAtomic(paths[index]!, text)));
    return paths;
  } catch (error) {
    throw new UserError(`the report cannot be written to ${folder} (${(error as Error).message}); give another folder with --out`);
  }
}
