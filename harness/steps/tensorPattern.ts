/**
 * Pattern that matches one tensor's name in llama-quantize's `--tensor-type`, which makes patterns
 * lower-case and ends them at the first equals sign: unusual characters become "any character".
 */
export function tensorPattern(name: string): string {
  return `^${name.replace(/[^a-z0-9_.-]/g, "?").replace(/\./g, "\\.").replace(/\?/g, ".")}$`;
}
