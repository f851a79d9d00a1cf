import { percent, readable } from "../figures/numbers.ts";
import { againstRival, type FourBitCell, fourBitCells, type RivalType, rivalTypes } from "../fourBits.ts";
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
  const rivals = rivalTypes.flatMap((type) => {
    const against = againstRival(best, type);
    return against ? [{ type, z: against.z, fact: comparison(best, type, against.z) }] : [];
  });
  if (rivals.length === 0) return [{ verdict: `${verdict} Not decided:`, text: "this study has nothing that upstream makes to hold them against." }];
  const [wins, names] = [rivals.every(({ z }) => z < -decisive), rivals.map(({ type }) => type).join(" and ")];
  return [{
    verdict: `${verdict} ${wins ? "Better" : "Not better"} than the best that upstream makes of ${names}:`,
    text: `${best.one.cell.name}, ${readable(best.bits, 3)} bits per quantized weight, has a mean KL divergence of ${readable(best.kld, 3)} ± ${readable(best.one.record.divergence!.error, 2)}: ${rivals.map(({ fact }) => fact).join("; ")}. Second moments are of the calibration text ${best.one.cell.calibration?.text ?? ""}; on text of another kind less is gained.`,
  }];
}

function comparison({ kld, rivals }: FourBitCell, type: RivalType, z: number): string {
  const { cell, record } = rivals[type]!;
  const share = 100 * (kld / record.divergence!.mean - 1);
  return `${percent(Math.abs(share), 1)} ${share < 0 ? "below" : "above"} ${cell.name} (${readable(Math.abs(z), 2)} standard errors of the paired difference)`;
}
