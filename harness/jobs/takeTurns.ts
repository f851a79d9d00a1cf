/** Whether cells that go on at the same time, with programs of so many threads each, take turns on the processors. */
export function takeTurns(cells: number, threads: number, processors: number): boolean {
  return cells > 1 && cells * threads > processors;
}
