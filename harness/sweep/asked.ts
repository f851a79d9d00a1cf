import { existsSync } from "node:fs";
import path from "node:path";
import { isRemote } from "../download/address.ts";
import { demoModel, projectRoot } from "../paths.ts";
import type { Report } from "./events.ts";
import { calibrationTexts, measuredTexts } from "./knownTexts.ts";
import { localFile } from "./localFile.ts";

/** What a study or the command line calls an input: what it is named here, or as {@link localFile} has it. */
export interface Named {
  /** The command line's. */
  given?: string | undefined;
  /** The study's. */
  study?: string | undefined;
  /** Folder that paths in the study count from. */
  folder: string;
}

/** What is told while an input is downloaded, and what stops it. */
export interface Fetching {
  report: Report;
  signal: AbortSignal;
}

/** Path of the model that is asked for; sotu-1m by default. A name in models/ goes before a file of that name. */
export async function askedModel(named: Named, fetching: Fetching): Promise<string> {
  return (await found(named, shippedModel, fetching)) ?? demoModel;
}

/** Path of the text to measure on; the demo models' held-out speeches by default. */
export async function askedText(named: Named, fetching: Fetching): Promise<string> {
  return (await found(named, (name) => measuredTexts[name]?.(), fetching)) ?? measuredTexts["demo"]!();
}

/** Path of a calibration text. */
export async function calibrationText(named: Named & { study: string }, fetching: Fetching): Promise<string> {
  return (await found(named, (name) => calibrationTexts[name]?.(), fetching))!;
}

/** Path of any other input. @param folder that a path counts from */
export async function askedFile(name: string, folder: string, { report, signal }: Fetching): Promise<string> {
  return localFile(isRemote(name) ? name : path.resolve(folder, name), report, signal);
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

async function found({ given, study, folder }: Named, known: (name: string) => string | Promise<string> | undefined, fetching: Fetching): Promise<string | undefined> {
  if (given !== undefined) return known(given) ?? localFile(given, fetching.report, fetching.signal);
  return study === undefined ? undefined : (known(study) ?? askedFile(study, folder, fetching));
}
