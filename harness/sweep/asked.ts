import { existsSync } from "node:fs";
import path from "node:path";
import { demoModel, projectRoot } from "../paths.ts";
import { calibrationTexts, measuredTexts } from "./knownTexts.ts";

/** What a study or the command line calls an input. */
export interface Named {
  /** The command line's. */
  given?: string | undefined;
  /** The study's. */
  study?: string | undefined;
  /** Folder that paths in the study count from. */
  folder: string;
}

/** Path of the model that is asked for; sotu-1m by default. A name in models/ goes before a file of that name. */
export function askedModel(named: Named): string {
  return found(named, shippedModel) ?? demoModel;
}

/** Path of the text to measure on; the demo models' held-out speeches by default. */
export async function askedText(named: Named): Promise<string> {
  return found(named, (name) => measuredTexts[name]?.()) ?? measuredTexts["demo"]!();
}

/** Path of a calibration text. */
export async function calibrationText(named: Named & { study: string }): Promise<string> {
  return found(named, (name) => calibrationTexts[name]?.())!;
}

/** Whether a model is one of models/, whose calibration text is known. */
export function isShipped(model: string): boolean {
  return path.resolve(model).startsWith(path.join(projectRoot, "models") + path.sep);
}

/** Path of a model in models/ by its name. */
function shippedModel(name: string): string | undefined {
  const file = path.join(projectRoot, "models", name, `${name}-f16.gguf`);
  return /^[\w.-]+$/.test(name) && existsSync(file) ? file : undefined;
}

function found<Found>({ given, study, folder }: Named, known: (name: string) => Found | undefined): Found | string | undefined {
  if (given !== undefined) return known(given) ?? given;
  return study === undefined ? undefined : (known(study) ?? path.resolve(folder, study));
}
