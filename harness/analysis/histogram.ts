/** Sum of counts. */
export function total(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < counts.length; index++) sum += counts[index]!;
  return sum;
}

/** Histograms of as many entries added up, entry by entry; empty without any. */
export function totalCounts(histograms: readonly { counts: readonly number[] }[]): number[] {
  return (histograms[0]?.counts ?? []).map((_count, index) => total(histograms.map(({ counts }) => counts[index] ?? 0)));
}

/** Share of each count in the whole, 0 to 1; zeros when all counts are 0. */
export function shares(counts: ArrayLike<number>): number[] {
  const sum = total(counts);
  return Array.from(counts, (count) => (sum > 0 ? count / sum : 0));
}

/** Share of the code with signed value 0 among all: the middle entry of 16 or 256 counts. */
export function zeroShare(counts: ArrayLike<number>): number {
  const sum = total(counts);
  return sum > 0 ? counts[counts.length / 2]! / sum : 0;
}
