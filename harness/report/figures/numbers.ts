/** A number as people read it: so many significant digits, commas between thousands, no powers of ten. */
export function readable(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))));
  const [whole = "", fraction] = Math.abs(value).toFixed(Math.min(decimals, 8)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${value < 0 ? "−" : ""}${grouped}${fraction ? `.${fraction}` : ""}`;
}

/** A share that is given in percent, as text. */
export function percent(share: number, decimals = 2): string {
  return `${share < 0 ? "−" : ""}${Math.abs(share).toFixed(decimals)} %`;
}

/** Whether values span so much that only a logarithmic scale shows them all. */
export function spansDecades(values: readonly number[]): boolean {
  const positive = values.filter((value) => value > 0);
  return positive.length > 1 && Math.max(...positive) / Math.min(...positive) > 20;
}

/** How a logarithmic axis writes its numbers: 10k rather than 10,000, but 0.0001 rather than 100µ. */
export function tickFormat(values: readonly number[]): string {
  return Math.max(...values) >= 1000 ? "~s" : "~g";
}

/** Half the width of a 95 % confidence interval, in standard errors. */
export const reach95 = 1.96;
