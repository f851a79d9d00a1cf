/** Part of the build that is done, 0…1, from a line of ninja (`[3/20]`) or make (`[ 15%]`). */
export function progress(line: string): number | undefined {
  const [, done, total, percent] = /^\[\s*(?:(\d+)\/(\d+)|(\d+)%)\]/.exec(line) ?? [];
  if (percent !== undefined) return Number(percent) / 100;
  return Number(total) > 0 ? Number(done) / Number(total) : undefined;
}
