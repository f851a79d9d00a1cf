import { readFile } from "node:fs/promises";
import { sharedStretch } from "../analysis/sharedStretch.ts";
import { UserError } from "../errors.ts";
import type { Cell, Study } from "../study/types.ts";
import { calibrationText, type Fetching } from "./asked.ts";
import type { Content } from "./inputs.ts";
import { calibrationUse, checkText } from "./textInput.ts";

/**
 * The calibration texts of a study's cells, by the name that the cells give them.
 *
 * @param given the command line's, in place of the study's own
 * @param measured the text that is measured on; null where nothing is measured
 * @throws UserError when one is no text, or has a stretch in common with the text that is measured on: what is
 *   computed on it would be fitted to what it is judged by
 */
export async function checkCalibrations(
  { study, cells, folder, given }: { study: Study; cells: readonly Cell[]; folder: string; given: string | undefined },
  measured: Content | null,
  fetching: Fetching,
): Promise<Map<string, Content>> {
  const found = new Map<string, Content>();
  const judged = measured && cells.some(({ calibration }) => calibration) ? { ...measured, content: await readFile(measured.path) } : null;
  for (const { calibration } of cells) {
    if (!calibration || found.has(calibration.text)) continue;
    const own = calibration.text !== study.calibration?.text;
    const text = await checkText(await calibrationText({ given: own ? undefined : given, study: calibration.text, folder }, fetching), study.context, fetching.signal, calibrationUse);
    if (judged) await refuseMeasured(text, judged);
    found.set(calibration.text, text);
  }
  return found;
}

/** @throws UserError when a calibration text contains some of the measured one */
async function refuseMeasured(calibration: Content, measured: Content & { content: Uint8Array }): Promise<void> {
  const shared = sharedStretch(measured.content, await readFile(calibration.path));
  if (shared === null) return;
  throw new UserError(`calibration text ${calibration.path} contains some of ${measured.path}, the text that is measured on ("${shared.slice(0, 60)}…"): give another with --calibration`);
}
