/** A text mark as vega lays it out. */
export interface TextItem {
  text?: unknown;
  fontSize?: number;
  fontWeight?: string | number;
}

/** Mean width of DejaVu Sans's letters and digits in units of its size, and of its bold. */
const meanWidth = { normal: 0.6, bold: 0.68 };

/**
 * Width of a text in pixels, near enough for layout. Vega would measure with the fonts of the machine
 * where it finds a canvas, and guess a third too much where it finds none.
 */
export function textWidth(item: TextItem, line?: unknown): number {
  const text = String(line ?? item.text ?? "").trim();
  return Math.ceil((item.fontWeight === "bold" ? meanWidth.bold : meanWidth.normal) * text.length * (item.fontSize ?? 11));
}
