import { compress } from "./compress.ts";
import { countCodes } from "./count.ts";
import { evaluate } from "./evaluate.ts";
import { imatrix } from "./imatrix.ts";
import { quantize } from "./quantize.ts";
import { reference } from "./reference.ts";
import type { AnyStep } from "./step.ts";

/** Every step that a cell can have, each after those whose files it reads. */
export const stepsOfCell: readonly AnyStep[] = [imatrix, reference, quantize, countCodes, compress, evaluate];
