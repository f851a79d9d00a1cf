import { type Estimate, pairedDifference, perplexityRatio } from "../../analysis/statistics.ts";
import { isolated } from "../../analysis/zeroRuns.ts";
import { type FigureCell, type FigureData, isExact, isFloat } from "../figures/data.ts";
import { percent, readable } from "../figures/numbers.ts";
import { type Answer, feedbackAnswer } from "./feedbackAnswer.ts";
import type { Results } from "../load.ts";
import { isPlain } from "../plainCell.ts";
import { centred, simple, tabled } from "../figures/schemes.ts";

/** The thesis's two questions answered from the records, and what its own numbers came from. */
export function answers(data: FigureData, results: Results): Answer[] {
  return [compression(data), requantization(data), ...feedbackAnswer(results), publication(data)];
}

/** Room for a lossless compressor below this share of the codes is not worth one. */
const worthwhile = 0.1;

function compression(data: FigureData): Answer {
  const cell = centred(data, 0) ?? simple(data, "Q4_0");
  if (!cell || cell.entropy === null) return { verdict: "Can 4-bit codes be compressed further? Not measured:", text: "this study has no Q4_0 cell whose codes were counted." };
  const byCode = 1 - cell.entropy / 4;
  const compressed = cell.compression ? 1 - cell.compression.best / cell.compression.packed : 0;
  const saving = Math.max(byCode, compressed);
  const facts = [`the codes of ${cell.name} carry ${readable(cell.entropy, 3)} of 4 bits, which leaves ${percent(100 * byCode, 1)} to a coder that takes each by itself`];
  if (cell.compression) facts.push(`${cell.compression.compressor} saves ${percent(100 * compressed, 1)}`);
  const runs = cell.zeroRuns;
  if (runs) facts.push(`${percent(isolated(runs.measured))} of the runs of zeros have length 1${runs.expected ? `, by chance it would be ${percent(isolated(runs.expected))}` : ""}`);
  const zeroed = centred(data, 1);
  if (zeroed && zeroed.entropy !== null) facts.push(`zeroing −1 and 1 too saves another ${readable(cell.entropy - zeroed.entropy, 2)} bits and makes perplexity ${ratioText(cell, zeroed)}`);
  return { verdict: `Can 4-bit codes be compressed further? ${saving < worthwhile ? "Hardly:" : "Yes:"}`, text: `${facts.join("; ")}.` };
}

function requantization(data: FigureData): Answer {
  const question = "Can 8-bit codes be regrouped into 4 bits?";
  const rival = data.cells.find(({ cell }) => cell.type === "IQ4_NL" && isPlain(cell)) ?? simple(data, "Q4_0");
  const tables = data.cells.filter((cell) => cell.cell.table && isExact(cell) && isPlain(cell.cell));
  const small = tables.filter(({ bits }) => rival && bits <= rival.bits + 0.01);
  const candidates = (small.length > 0 ? small : tables).filter(({ divergence }) => !rival?.divergence || divergence);
  const valueOf = ({ divergence, perplexity }: FigureCell): number => (rival?.divergence ? divergence!.value : perplexity.value);
  const [best] = [...candidates].sort((left, right) => valueOf(left) - valueOf(right));
  if (!best || !rival) return { verdict: `${question} Not measured:`, text: "this study has no table, or nothing of 4 bits to hold it against." };
  const size = small.length > 0 ? `at ${readable(best.bits, 3)} bits per quantized weight` : `with 16 codes (stored one to a byte, ${readable(best.bits, 3)} bits per quantized weight)`;
  if (rival.divergence && best.divergence) {
    const difference = pairedDifference(rival.divergence.chunks, best.divergence.chunks);
    const share = 100 * (best.divergence.value / rival.divergence.value - 1);
    return {
      verdict: `${question} ${verdictOf(difference, 0)}`,
      text: `${best.name} ${size} has a mean KL divergence of ${readable(best.divergence.value, 3)} ± ${readable(best.divergence.error, 2)}, ${percent(Math.abs(share), 1)} ${share < 0 ? "below" : "above"} the ${readable(rival.divergence.value, 3)} of ${rival.name} (${readable(rival.bits, 3)} bits)${difference ? `; paired difference ${readable(difference.mean, 3)}, 95 % between ${readable(difference.low, 3)} and ${readable(difference.high, 3)}` : ""}.`,
    };
  }
  const ratio = perplexityRatio(rival.nll, best.nll);
  return {
    verdict: `${question} ${verdictOf(ratio, 1)}`,
    text: `the best table, ${best.name} ${size}, has perplexity ${readable(best.perplexity.value)} ± ${readable(best.perplexity.error, 2)}, ${ratioText(rival, best)} of ${rival.name}'s ${readable(rival.perplexity.value)} at ${readable(rival.bits, 3)} bits.`,
  };
}

function publication(data: FigureData): Answer {
  const [exact, published] = [tabled(data, "balanced"), tabled(data, "balanced", "published")];
  const original = data.cells.find(isFloat);
  if (!exact || !published) return { verdict: "And the thesis's own numbers?", text: "This study does not decode its balanced table as the thesis's program did, so it cannot say where those came from." };
  const isMissing = published.perplexity.value > 2 * exact.perplexity.value;
  return {
    verdict: `And the thesis's own numbers? ${isMissing ? "They show its program's decoding more than its tables:" : "They hold:"}`,
    text: `the balanced table, which it found very similar to the basic one, gives perplexity ${readable(published.perplexity.value)} as published and ${readable(exact.perplexity.value)} decoded exactly${original ? ` (unquantized: ${readable(original.perplexity.value)})` : ""}.`,
  };
}

function verdictOf(estimate: Estimate | null, even: number): string {
  if (!estimate) return "Not decided:";
  if (estimate.high < even) return "Yes:";
  return estimate.low > even ? "Not in this study:" : "As well as the rival, no better:";
}

function ratioText(before: FigureCell, after: FigureCell): string {
  const ratio = perplexityRatio(before.nll, after.nll);
  if (!ratio) return `${readable(after.perplexity.value / before.perplexity.value, 4)} times`;
  return `${readable(ratio.mean)} times (95 % between ${readable(ratio.low)} and ${readable(ratio.high)})`;
}
