import { existsSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { readText } from "../study/find.ts";
import { parsePositioned } from "../study/position.ts";
import { slurmSchema, type SlurmSettings } from "../study/slurmSettings.ts";

const userSchema = z.strictObject({ slurm: slurmSchema.optional() });

/** A user's own settings: `$XDG_CONFIG_HOME/quantflex.yaml`, else `~/.config/quantflex.yaml`. */
function userFile(): string {
  return path.join(process.env["XDG_CONFIG_HOME"] || path.join(homedir(), ".config"), "quantflex.yaml");
}

/**
 * How jobs are submitted: what was asked for goes before what the study says, and that before the user's own settings.
 *
 * @throws UserError naming the user's file and place when something in it is not allowed
 */
export function slurmSettings(asked: SlurmSettings | undefined, study: SlurmSettings | undefined): SlurmSettings {
  return { ...ofUser(), ...study, ...asked };
}

function ofUser(): SlurmSettings {
  const file = userFile();
  if (!existsSync(file)) return {};
  const source = parsePositioned(readText(file, file), file);
  const parsed = userSchema.safeParse(source.value ?? {});
  if (parsed.success) return parsed.data.slurm ?? {};
  const [issue] = parsed.error.issues;
  const at = issue!.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  throw new UserError(`${source.place(at)}: ${at.join(".") || "settings"}: ${issue!.message}; allowed: slurm, ${slurmSchema.description ?? `a map with any of ${Object.keys(slurmSchema.shape).join(", ")}`}`);
}
