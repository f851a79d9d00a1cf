import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { UserError } from "../errors.ts";
import { projectRoot } from "../paths.ts";

/**
 * A study's path: as given, or by its name in studies/.
 *
 * @throws UserError that lists the names when it is neither
 */
export function findStudy(study: string): string {
  if (existsSync(study)) return study;
  const folder = path.join(projectRoot, "studies");
  const names = readdirSync(folder).flatMap((file) => (file.endsWith(".yaml") ? [path.basename(file, ".yaml")] : [])).sort();
  if (names.includes(study)) return path.join(folder, `${study}.yaml`);
  throw new UserError(`study ${study}: there is no such file, and no study by that name in studies/, which has: ${names.join(", ")}`);
}
