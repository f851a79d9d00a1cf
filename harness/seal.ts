import { hashText } from "./hash.ts";

const head = /^\{"sha256":"([0-9a-f]{64})","content":/;

/** A value as JSON that carries its own checksum, over the very characters that follow it. */
export function seal(value: unknown): string {
  const text = JSON.stringify(value);
  return `{"sha256":"${hashText(text)}","content":${text}}\n`;
}

/** The value that was sealed; undefined when the text is anything else, or a character of it was changed. */
export function unseal(text: string): unknown {
  const [start, sha256] = head.exec(text) ?? [];
  if (start === undefined || !text.endsWith("}\n")) return undefined;
  const content = text.slice(start.length, -2);
  return hashText(content) === sha256 ? JSON.parse(content) : undefined;
}

/** The checksum that a sealed text says it has. @returns empty when it says none */
export function sealOf(text: string): string {
  return head.exec(text)?.[1] ?? "";
}
