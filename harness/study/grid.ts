import { cellFields } from "./schema.ts";

/** A cell as the study wrote it, its lists not yet expanded. */
export type CellEntry = Record<string, unknown>;

/** One point of a cell's grid: a value for each field, and where in the study it stands. */
export interface GridPoint {
  values: CellEntry;
  /** Path of a field's value below the cell's entry; a list adds the index. */
  paths: Map<string, (string | number)[]>;
}

/** How many cells an entry makes, without making them. */
export function countPoints(entry: CellEntry): number {
  return Object.entries(entry).reduce((product, [field, given]) => product * (Array.isArray(given) && field in cellFields ? given.length : 1), 1);
}

/**
 * Every combination of the entry's lists, the last list fastest.
 *
 * @param entry a cell entry; fields given as lists expand, `types` is a list in itself
 * @returns one point when nothing is a list; none when a list is empty
 */
export function expandEntry(entry: CellEntry): GridPoint[] {
  let points: GridPoint[] = [{ values: {}, paths: new Map() }];
  for (const [field, given] of Object.entries(entry)) {
    const expands = Array.isArray(given) && field in cellFields;
    const choices = expands ? given : [given];
    points = points.flatMap((point) =>
      choices.map((choice, index) => ({
        values: { ...point.values, [field]: choice },
        paths: new Map(point.paths).set(field, expands ? [field, index] : [field]),
      })),
    );
  }
  return points;
}

/**
 * Fill a name template in.
 *
 * @param template text with `{field}`, the field's value, or `{-field}`, a hyphen and the value
 *   unless the field has its default
 * @param value gives a field's value as text, or null for its default
 * @returns the name, in which characters that cannot stand in one have become hyphens
 */
export function fillName(template: string, value: (field: string) => { text: string; isDefault: boolean }): string {
  return template
    .replace(/\{(-?)([a-z]+)\}/g, (_match, hyphen: string, field: string) => {
      const { text, isDefault } = value(field);
      if (hyphen) return isDefault ? "" : `-${text}`;
      return text;
    })
    .replace(/[^A-Za-z0-9._-]+/g, "-");
}
