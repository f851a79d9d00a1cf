import { describe, expect, it } from "vitest";
import { ratioOf, type Measurement, type Ratio } from "../../harness/bench/ratios.ts";
import { isGivenUp, measureRounds, type Reading } from "../../harness/bench/rounds.ts";
import type { Row } from "../../harness/bench/rows.ts";
import { summary } from "../../harness/bench/summary.ts";

const row: Row = { name: "tg64: p ÷ u", measure: "tg64", patched: "p", upstream: "u", wanted: { of: "ratio", atLeast: 0.97 } };

/** Takes the subject and how many times it was measured before. */
type Fake = (subject: string, before: number) => { value?: number; others?: number | null };

interface Outcome {
  ratio: Ratio;
  measurements: Measurement[];
  /** Of each round kept, how many measurements there were so far. */
  kept: number[];
  said: string[];
}

async function measure(repeats: number, fake: Fake, rows: readonly Row[] = [row]): Promise<Outcome> {
  const before = new Map<string, number>();
  const kept: number[] = [];
  const said: string[] = [];
  const measurements = await measureRounds(rows, {
    model: "m",
    repeats,
    async measure(subject): Promise<Reading> {
      const count = before.get(subject) ?? 0;
      before.set(subject, count + 1);
      const { value, others = 0 } = fake(subject, count);
      return { values: value === undefined ? {} : { tg64: value }, others };
    },
    say: (text) => void said.push(text),
    keep: async (all) => void kept.push(all.length),
  });
  return { ratio: ratioOf(row, "m", measurements), measurements, kept, said };
}

const equal: Fake = () => ({ value: 100 });
const byTurns: Fake = (subject, before) => ({ value: (subject === "p") === (before % 2 === 0) ? 370 : 90 });
const onceIn = (times: number, others: number): Fake => (subject, before) => ({ value: 100, others: subject === "p" && before % times === 0 ? others : 0.1 });

describe("rounds", () => {
  it("end as soon as the pairs asked for decide", async () => {
    const { ratio, kept } = await measure(8, equal);
    expect(ratio).toMatchObject({ ratio: { count: 8 }, holds: true, decided: true, thrownAway: 0 });
    expect(kept).toEqual([2, 4, 6, 8, 10, 12, 14, 16]);
  });

  it.each([1, 2, 5])("of %i repeats go on to six pairs, since fewer decide nothing", async (repeats) => {
    expect((await measure(repeats, equal)).ratio).toMatchObject({ ratio: { count: 6 }, decided: true });
  });

  it.each([[1, 6], [2, 8], [8, 32]])("of %i repeats end undecided after %i pairs", async (repeats, count) => {
    const { ratio } = await measure(repeats, byTurns);
    expect(ratio).toMatchObject({ ratio: { count }, decided: false, thrownAway: 0 });
    expect(isGivenUp(ratio, repeats)).toBe(false);
  });

  it("measure pairs again that others disturbed", async () => {
    const { ratio, measurements } = await measure(8, onceIn(3, 0.11));
    expect(ratio).toMatchObject({ ratio: { count: 8 }, decided: true, thrownAway: 4 });
    expect(measurements.filter(({ others }) => others === 0.11)).toHaveLength(4);
  });

  it("count pairs of which nobody knows what others took", async () => {
    expect((await measure(8, () => ({ value: 100, others: null }))).ratio).toMatchObject({ ratio: { count: 8 }, thrownAway: 0 });
  });

  it.each([[1, 12], [8, 16], [10, 20]])("of %i repeats give a row up after %i pairs were thrown away", async (repeats, most) => {
    const { ratio, said } = await measure(repeats, (subject) => ({ value: 100, others: subject === "u" ? 0.5 : 0 }));
    expect(ratio).toMatchObject({ ratio: null, holds: null, decided: false, thrownAway: most });
    expect(isGivenUp(ratio, repeats)).toBe(true);
    expect(said).toHaveLength(2 * most);
  });

  it("go on only with rows that need it", async () => {
    const other: Row = { ...row, name: "tg64: q ÷ v", patched: "q", upstream: "v" };
    const { measurements } = await measure(8, (subject, before) => (["p", "u"].includes(subject) ? byTurns(subject, before) : equal(subject, before)), [row, other]);
    const count = (subject: string): number => measurements.filter((one) => one.subject === subject).length;
    expect(["p", "u", "q", "v"].map(count)).toEqual([32, 32, 8, 8]);
  });

  it("end where a program is too short to be measured", async () => {
    const { ratio, kept } = await measure(8, (subject) => (subject === "p" ? {} : { value: 100 }));
    expect(ratio).toMatchObject({ ratio: null, decided: null });
    expect(kept).toHaveLength(8);
  });
});

describe("below the table", () => {
  const said = async (repeats: number, fake: Fake): Promise<string> => {
    const { ratio, measurements } = await measure(repeats, fake);
    return summary({ ratios: [ratio], measurements }, repeats).join("\n");
  };

  it("stands what holds", async () => {
    expect(await said(8, equal)).toBe("everything holds that is wanted and was measured\nno pair was thrown away");
    expect(await said(8, (subject) => ({ value: subject === "p" ? 1 : 2 }))).toMatch(/^1 of 1 rows do not hold\n/);
  });

  it("stands that fewer than six repeats decide nothing", async () => {
    expect(await said(5, equal)).toMatch(/--repeats 5 leaves rows undecided: fewer than 6 pairs decide nothing, so rows go on to 6/);
  });

  it("stands what is undecided and why", async () => {
    expect(await said(8, byTurns)).toMatch(/^no row is decided\n1 rows are undecided/);
    const noisy = await said(8, () => ({ value: 100, others: 1 }));
    expect(noisy).toMatch(/1 of them were given up after 16 of their pairs were thrown away\n16 of 16 pairs were thrown away: other processes took more than 10 % of the processors/);
    expect(noisy).not.toMatch(/holds|could not be measured/);
    expect(await said(8, onceIn(3, 0.2))).toMatch(/\n4 of 12 pairs were thrown away/);
  });

  it("stands of how much it is unknown what others took, and what could not be measured", async () => {
    expect(await said(8, () => ({ value: 100, others: null }))).toMatch(/unknown of 16 of 16 values/);
    expect(await said(8, () => ({}))).toMatch(/^1 of 1 rows could not be measured/);
  });
});
