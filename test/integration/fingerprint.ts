import { hashText } from "../../harness/hash.ts";

/** Figures of a step by their paths in its result. */
export type Figures = Record<string, number | string>;

/** What says nothing of what was computed: times, and hashes of files whose figures are compared by themselves. */
const left = /seconds$|perSecond$|sha256$/i;

/**
 * A result in few figures: numbers and words as they are; of a list its length, and for each figure of its elements the sum,
 * and the sum weighted by position, so that another order shows. Words of a list are joined; many of them are but a hash.
 */
export function figuresOf(result: unknown): Figures {
  const figures: Figures = {};
  add(figures, "", result);
  return Object.fromEntries(Object.entries(figures).map(([path, value]) => [path, typeof value === "string" && value.length > 60 ? hashText(value).slice(0, 16) : value]));
}

function add(figures: Figures, at: string, value: unknown): void {
  if (left.test(at) || value === undefined) return;
  if (Array.isArray(value)) addList(figures, at, value);
  else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) add(figures, at === "" ? name : `${at}.${name}`, inner);
  } else figures[at] = typeof value === "number" ? value : String(value);
}

function addList(figures: Figures, at: string, list: readonly unknown[]): void {
  figures[`${at}.length`] = list.length;
  for (const [index, element] of list.entries()) {
    const own: Figures = {};
    add(own, `${at}[]`, element);
    for (const [path, value] of Object.entries(own)) {
      if (typeof value === "string") figures[path] = path in figures ? `${figures[path]} ${value}` : value;
      else {
        figures[path] = value + ((figures[path] as number | undefined) ?? 0);
        figures[`${path}@`] = value * (index + 1) + ((figures[`${path}@`] as number | undefined) ?? 0);
      }
    }
  }
}

/** Figures that are not as they were, and both values; `tolerance` is the relative difference that a figure may have. */
export function differences(before: Figures, now: Figures, tolerance: (path: string) => number): string[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return paths.flatMap((path) => {
    const [old, other] = [before[path], now[path]];
    const near = typeof old === "number" && typeof other === "number" && Math.abs(other - old) <= tolerance(path) * Math.max(Math.abs(old), Math.abs(other));
    return old === other || near ? [] : [`${path}: ${old} became ${other}`];
  });
}
