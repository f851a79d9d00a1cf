import { alignedTable } from "../alignedTable.ts";
import { shownPath } from "../paths.ts";
import { type Standing, states, type StudyStanding } from "../status/types.ts";

/** Rows of a state that are shown; of those that need nobody's attention fewer. */
const most = { stored: 0, waiting: 5, queued: 10, other: 200 };

/** How a study stands, as people read it. */
export function statusText({ results, study, cells, unknown }: StudyStanding): string {
  const counts = states.flatMap((state) => {
    const count = cells.filter((cell) => cell.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  const rows: string[][] = [];
  const left: string[] = [];
  for (const state of states.filter((one) => one !== "stored")) {
    const all = cells.filter((cell) => cell.state === state);
    const shown = state === "waiting" || state === "queued" ? most[state] : most.other;
    rows.push(...all.slice(0, shown).map(row));
    if (all.length > shown) left.push(`and ${all.length - shown} more that are ${state}`);
  }
  const table = rows.length === 0 ? [] : [alignedTable([["cell", "state", "node", "since", "step", "chunks", "chunks/min", "why"], ...rows], (column) => column === 5 || column === 6)];
  const isLost = cells.some(({ state }) => state === "lost" || state === "cancelled");
  return [`${study} in ${shownPath(results)}: ${counts.join(", ") || "no cells"}`, ...(unknown === null ? [] : [`${unknown}; what waits and runs there is not known`]), ...table, ...left, ...(isLost ? ["npm run sweep with the same options goes on with what is lost or cancelled"] : [])].join("\n");
}

function row({ name, state, node, since, step, chunks, chunksPerMinute, reason, log }: Standing): string[] {
  const done = chunks ? `${chunks.done}${chunks.of === null ? "" : ` of ${chunks.of}`}` : "";
  const why = [...(reason === null ? [] : [reason]), ...(log === null ? [] : [`(${shownPath(log)})`])].join(" ");
  return [name, state, node ?? "", since === null ? "" : new Date(since).toLocaleString("sv-SE"), step ?? "", done, chunksPerMinute === null ? "" : Number(chunksPerMinute.toPrecision(3)).toString(), why];
}
