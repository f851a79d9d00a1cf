/**
 * Values rounded to int8, stretched first so that the largest magnitude is 127: the scale is free, and so
 * a finer grid costs nothing.
 */
export function wholeValues(values: readonly number[]): number[] {
  const stretch = 127 / Math.max(...values.map(Math.abs));
  const whole = values.map((value) => Math.round(value * stretch));
  for (let index = 1; index < whole.length; index++) whole[index] = Math.max(whole[index]!, whole[index - 1]! + 1);
  for (let index = whole.length - 1, most = 127; index >= 0; index--, most--) whole[index] = Math.min(whole[index]!, most);
  return whole;
}
