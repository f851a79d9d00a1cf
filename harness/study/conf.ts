import { feedbackTypes } from "./tensorRules.ts";
import type { Cell } from "./types.ts";

/**
 * The cell's scheme as normalized pablo.conf: the first line, then the keys that differ from their
 * defaults, in the order of the manual.
 *
 * @param cell the cell
 * @param files where the library shall write its counts, and the second moments that error feedback goes by; relative to
 *   the working directory
 * @returns the text, each line ended; null when the library has no part in the cell
 */
export function confText(cell: Cell, { histogram, moments }: { histogram?: string; moments?: string } = {}): string | null {
  if (cell.mode === "upstream" && !cell.feedback) return null;
  const own = cell.mode === "own";
  const { table } = cell;
  if (cell.fit && !table) throw new Error(`the table of cell ${cell.name} has not been fitted`);
  const tableMode = { basic: 0, balanced: 1, custom: 2 }[table?.kind ?? "basic"];
  const lines = [`${own ? 1 : 0} ${cell.radius ?? 0} ${tableMode}`];
  if (cell.container !== "native") lines.push(`CONTAINER ${cell.container}`);
  if (table?.kind === "custom") {
    lines.push(`TABLE ${[...table.widths, ...table.values].join(" ")}`);
    for (const { pattern, widths, values } of table.tensors ?? []) lines.push(`TENSOR_TABLE ${[pattern, ...widths, ...values].join(" ")}`);
  }
  if (cell.encode !== "bins") lines.push(`ENCODE ${cell.encode}`);
  if (cell.scale !== "absmax") lines.push(`SCALE ${cell.scale}`);
  if (cell.decode !== "exact") lines.push(`DECODE ${cell.decode}`);
  if (own && cell.types.length === 1) lines.push(`TYPES ${cell.types.join(" ")}`);
  if (cell.feedback && moments !== undefined) {
    lines.push(`FEEDBACK ${moments}`, `DAMPING ${cell.feedback.damping}`);
    // Tensors of other types have none, but weigh by the moments' diagonal, unless they are left out by name.
    for (const rule of cell.tensors ?? []) if (feedbackTypes.includes(rule.type)) lines.push(`FEEDBACK_TENSORS ${rule.feedback ? "on" : "off"} ${rule.match}`);
    if (cell.feedback.onlyByRule) lines.push("FEEDBACK_TENSORS off *");
  }
  if (histogram !== undefined && cell.mode !== "upstream") lines.push(`HISTOGRAM ${histogram}`);
  return `${lines.join("\n")}\n`;
}

/** What a pablo.conf says behind a key; undefined when it has no such line. */
export function confLine(conf: string | null, key: string): string | undefined {
  return new RegExp(`^${key} (.+)$`, "m").exec(conf ?? "")?.[1];
}
