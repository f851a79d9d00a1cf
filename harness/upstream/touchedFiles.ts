/** Every path that a patch names in the headers of its diffs, before and after. */
export function touchedFiles(patch: string): string[] {
  const files = new Set<string>();
  for (const [, before, after] of patch.matchAll(/^diff --git "?a\/(.*?)"? "?b\/(.*?)"?\r?$/gm)) files.add(before!).add(after!);
  for (const [, file] of patch.matchAll(/^(?:rename|copy) (?:from|to) "?(.*?)"?\r?$/gm)) files.add(file!);
  for (const [, file] of patch.matchAll(/^(?:---|\+\+\+) "?[ab]\/(.*?)"?(?:\t.*)?\r?$/gm)) files.add(file!);
  return [...files];
}
