import type { FigureDefinition } from "./figure.ts";
import { figure311 } from "./figure311.ts";
import { figure321 } from "./figure321.ts";
import { figure322 } from "./figure322.ts";
import { figure331 } from "./figure331.ts";
import { figure332 } from "./figure332.ts";
import { figure411 } from "./figure411.ts";
import { figure412 } from "./figure412.ts";
import { figure413 } from "./figure413.ts";
import { figure414 } from "./figure414.ts";
import { codeEntropy } from "./codeEntropy.ts";
import { expectedRuns } from "./expectedRuns.ts";
import { divergence, perplexity } from "./perplexity.ts";
import { qualitySize } from "./qualitySize.ts";
import { tableCuts } from "./tableCuts.ts";
import { weightError } from "./weightError.ts";

/** The thesis's figures, in its order. */
export const thesisFigures: readonly FigureDefinition[] = [
  figure311, figure321, figure322, figure331, figure332, figure411, figure412, figure413, figure414,
];

/** Figures that the thesis did not have. */
export const newFigures: readonly FigureDefinition[] = [qualitySize, divergence, perplexity, expectedRuns, codeEntropy, tableCuts, weightError];
