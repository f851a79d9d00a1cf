import { compress } from "./compress.ts";
import { countCodes } from "./count.ts";
import { evaluate } from "./evaluate.ts";
import { imatrix } from "./imatrix.ts";
import { moments } from "./moments.ts";
import { quantize } from "./quantize.ts";
import { reference } from "./reference.ts";
import { tasks } from "./tasks.ts";
import type { AnyStep, StepFile } from "./step.ts";

/** Every step that a cell can have, each after those whose files it reads. */
export const stepsOfCell: readonly AnyStep[] = [imatrix, moments, reference, quantize, countCodes, compress, evaluate, ...tasks];

/** Files that studies can name for steps of their own. */
export const stepFiles: readonly StepFile[] = stepsOfCell.flatMap(({ file }) => file ?? []);

/** The fields by which they do, and what each allows. */
export const fileFields: Readonly<Record<string, string>> = Object.fromEntries(stepFiles.map(({ field, says }) => [field, says]));
