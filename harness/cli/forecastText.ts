import prettyBytes from "pretty-bytes";
import { backends } from "../build/backends.ts";
import { takeTurns } from "../jobs/takeTurns.ts";
import { measurable } from "../sweep/calibrateRates.ts";
import type { Duration } from "../sweep/forecast/clock.ts";
import type { Forecast } from "../sweep/forecast/forecast.ts";
import type { AtOnce } from "../sweep/forecast/sideBySide.ts";
import { shownPath } from "../paths.ts";

/** From so many times more or less work on, a time that was told from another run is called rough. */
const roughFrom = 4;

/** A plan as people read it. */
export function forecastText(found: Forecast): string {
  const { cells, disk, memory, deviceMemory, time, build, fits } = found;
  const toRun = cells.filter(({ why }) => why !== null);
  const lines = [
    `${shownPath(found.model.path)}, ${prettyBytes(found.model.bytes)}; results in ${shownPath(found.results)}`,
    ...(found.device === null ? [] : [`computed on ${found.device}`]),
    `${cells.length} cells: ${cells.length - toRun.length} done, ${toRun.length} to run`,
    ...(build ? [`  llama.cpp ${build.release} is to be built: ${durationText(build.time)}`] : []),
    ...fits.map(({ name, time: taken }) => `  the table of ${name} is to be fitted: ${durationText(taken)}`),
    ...toRun.map(({ name, why, time: taken, divided }) => `  ${name}: ${why}; ${durationText(taken)}${dividedText(divided)}`),
  ];
  if (toRun.length === 0) return [...lines, "nothing is to be computed"].join("\n");
  lines.push(
    `disk: ${prettyBytes(disk.peak)} at most at one time, ${prettyBytes(disk.results)} of it stay with the results${disk.free === null ? "" : `; ${prettyBytes(disk.free)} are free`}`,
    ...(memory ? [`memory: ${prettyBytes(memory.bytes)} for ${memory.step} of ${memory.cell}, beside some 0.3 GB for Node.js; this machine has ${prettyBytes(memory.there)}`] : []),
    ...(deviceMemory ? [`memory on the device: about ${prettyBytes(deviceMemory.bytes)} for ${deviceMemory.step} of ${deviceMemory.cell}${deviceMemory.free === null ? "" : `; ${prettyBytes(deviceMemory.free)} are free there`}`] : []),
    `time: ${durationText(time)} with ${found.threads} threads${atOnceText(found)}, from what runs took on this machine (${found.machine})`,
  );
  const [known, others] = [time.unknown.filter((name) => measurable.includes(name)), time.unknown.filter((name) => !measurable.includes(name))];
  const never = `never run on this machine${found.device === null ? "" : "'s device"}, so that their time is unknown`;
  if (known.length > 0) lines.push(`${known.join(", ")}: ${never}; npm run plan with --calibrate measures them in about a minute`);
  if (others.length > 0) lines.push(`${others.join(", ")}: ${never} until the first cell${holdEachOtherUp(found) ? " that is run alone" : ""} has them`);
  return lines.join("\n");
}

function shareProcessors({ onEachDevice, devices, processors }: AtOnce, threads: number): boolean {
  return takeTurns(onEachDevice * devices, threads, processors);
}

type AtOnceFound = Pick<Forecast, "atOnce" | "threads" | "backend">;

/** Whether what cells took that go on at the same time is not remembered. */
function holdEachOtherUp({ atOnce, threads, backend }: AtOnceFound): boolean {
  return atOnce !== null && (shareProcessors(atOnce, threads) || (backends[backend].hasDevices && atOnce.onEachDevice > 1));
}

/** What the time assumes of cells that go on at the same time. */
function atOnceText({ atOnce, threads, backend }: AtOnceFound): string {
  if (!atOnce) return ", one cell after the other";
  const { onEachDevice, devices, processors } = atOnce;
  if (onEachDevice * devices === 1) return "";
  const atATime = `, ${onEachDevice * devices} cells at a time${devices === 1 ? "" : ` on ${devices} devices`}`;
  if (!shareProcessors(atOnce, threads)) return atATime;
  if (backends[backend].hasDevices) return `${atATime}, which share ${processors} processors for all that is not computed on a device`;
  return `${atATime}, whose programs share ${processors} processors${threads >= processors ? " and take no less together than one after the other" : ""}`;
}

function dividedText(divided: Forecast["cells"][number]["divided"]): string {
  if (!divided) return "";
  const { parts, quantizes, maxHours } = divided;
  return `, or in ${parts} parts of at most ${maxHours} h by several machines (npm run job -- FILE --part 1/${parts}${quantizes === "each" ? " --alone" : ""})`;
}

/** Such as `about 3 min`; `unknown` when nothing is known of it. */
function durationText({ seconds, unknown, stretch }: Duration): string {
  if (unknown.length > 0) return seconds === 0 ? "time unknown" : `${roundTime(seconds)} and what ${unknown.join(", ")} take`;
  return `${stretch > roughFrom ? "roughly" : "about"} ${roundTime(seconds)}`;
}

function roundTime(seconds: number): string {
  if (seconds < 99.5) return `${Number(seconds.toPrecision(2))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Number((seconds / 3600).toPrecision(2))} h`;
}
