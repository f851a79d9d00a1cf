import { percent, readable } from "../figures/numbers.ts";
import { againstRival, type FourBitCell, fourBitCells } from "../fourBits.ts";
import type { Results } from "../load.ts";

/** One of the answer's sentences: the verdict, and what it rests on. */
export interface Answer {
  verdict: string;
  text: string;
}

/** Standard errors of a paired difference that decide. */
const decisive = 2;

/** Whether codes chosen by what they do to outputs beat what upstream makes of the same size; nothing where a study has none. */
export function feedbackAnswer(results: Results): Answer[] {
  const cells = fourBitCells(results);
  const best = cells.find(({ one: { cell } }) => cell.feedback && !cell.tensors);
  if (!best) return [];
  const verdict = "And with codes chosen by what they do to outputs?";
  const facts = (["IQ4_NL", "Q4_K_S"] as const).flatMap((type) => sentence(best, type) ?? []);
  const decided = (["IQ4_NL", "Q4_K_S"] as const).flatMap((type) => againstRival(best, type) ?? []);
  if (facts.length === 0) return [{ verdict: `${verdict} Not decided:`, text: "this study has nothing that upstream makes to hold them against." }];
  const wins = decided.every(({ z }) => z < -decisive);
  return [{
    verdict: `${verdict} ${wins ? "Better than all that upstream makes of the size:" : "Not better than everything upstream makes:"}`,
    text: `${best.one.cell.name}, ${readable(best.bits, 3)} bits per quantized weight, has a mean KL divergence of ${readable(best.kld, 3)} ± ${readable(best.one.record.divergence!.error, 2)}: ${facts.join("; ")}. Second moments are of the calibration text ${best.one.cell.calibration?.text ?? ""}; on text of another kind less is gained.`,
  }];
}

function sentence(best: FourBitCell, type: "IQ4_NL" | "Q4_K_S"): string | null {
  const [rival, against] = [best.rivals[type], againstRival(best, type)];
  if (!rival || !against) return null;
  const share = 100 * (best.kld / rival.record.divergence!.mean - 1);
  return `${percent(Math.abs(share), 1)} ${share < 0 ? "below" : "above"} ${rival.cell.name} (${readable(Math.abs(against.z), 2)} standard errors of the paired difference)`;
}
