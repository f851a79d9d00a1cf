import { defects } from "./types.ts";

const pattern = new RegExp(`^(exact|published(:(${defects.join("|")})(,(${defects.join("|")}))*)?)$`);

/** Pattern of what a study may write for `decode`, as JSON Schema wants it. */
export const decodePattern = pattern;

/**
 * One spelling for each meaning: defects in the order of `defects`, without repeats, and
 * `published` alone when all are on.
 *
 * @param text a `decode` that matches `decodePattern`
 */
export function normalizeDecode(text: string): string {
  const [word = "exact", list] = text.split(":");
  if (list === undefined) return word;
  const asked = new Set(list.split(","));
  const kept = defects.filter((defect) => asked.has(defect));
  return kept.length === defects.length ? word : `${word}:${kept.join(",")}`;
}
