import { stat } from "node:fs/promises";
import type { Job, JobPart } from "../../jobs/job.ts";
import { jobKey } from "../../jobs/jobFile.ts";
import { growingOf, storedParts } from "../../jobs/runPart.ts";
import { quantizingJob } from "../../jobs/sharedJobs.ts";
import { partFiles } from "../../steps/partFrames.ts";
import type { Need } from "./resources.ts";
import type { Submission } from "./submission.ts";

/** What is to be submitted for a cell. */
export interface CellTasks {
  /** The cell's job as a whole, or the parts of it that are missing. */
  jobs: Job[];
  /** What makes the file that all parts read, before them; null where each has its own, or it is there. */
  before: Job | null;
  /** What each of these takes where that is not what the whole takes. */
  needs: ReadonlyMap<Job, Need>;
}

/** One of thousands of cells needs no map of its own. */
const asPlanned: ReadonlyMap<Job, Need> = new Map();

/** Into how many parts a cell's evaluation is divided, and whether each quantizes for itself. */
type Division = Omit<JobPart, "index">;

/**
 * A cell's job as the tasks that it is to be done by: one, or those parts of its evaluation that nobody has done or is at. A
 * division that was begun is gone on with, since parts of another would do some of it again. Where only what comes after the
 * parts is missing, the whole is one task.
 *
 * @param need what the whole takes
 * @param earlier of {@link earlierDivisions}
 * @param live numbers of the parts that wait or run
 */
export async function divideCell(job: Job, need: Need, { earlier, live }: { earlier: ReadonlyMap<string, Division>; live: ReadonlySet<number> }): Promise<CellTasks> {
  const whole: CellTasks = { jobs: [job], before: null, needs: asPlanned };
  const [submitted, planned] = [earlier.get(jobKey(job)) ?? null, divisionOf(need)];
  if (!submitted && !planned) return whole;
  const begun = live.size > 0 || (await hasFrames(job));
  const division = (begun ? submitted : null) ?? planned;
  if (!division) return whole;
  const numbers = Array.from({ length: division.of }, (_, index) => index + 1).filter((number) => !live.has(number));
  const stored = new Set(begun ? await storedParts(job, numbers, division.of) : []);
  const missing = numbers.filter((number) => !stored.has(number)).map((index): Job => ({ ...job, part: { index, ...division } }));
  if (missing.length === 0 && live.size === 0) return whole;
  const before = division.alone || missing.length === 0 ? null : await quantizingJob(job);
  const needs = new Map(missing.map((part) => [part, needOfPart(need, division)]));
  if (before) needs.set(before, { seconds: need.divided?.seconds.quantize ?? need.seconds, bytes: need.bytes });
  return { jobs: missing, before, needs };
}

/** A part's share of the evaluation, what it makes for itself, and what the last one does for the cell. */
function needOfPart({ seconds, bytes, divided }: Need, { of, alone }: Division): Need {
  if (!divided) return { seconds, bytes };
  const { evaluate, quantize, rest } = divided.seconds;
  return { seconds: rest + (alone ? quantize : 0) + evaluate / of, bytes };
}

function divisionOf({ divided }: Need): Division | null {
  return divided ? { of: divided.parts, alone: divided.quantizes === "each" } : null;
}

/** How jobs, by their keys, were divided when they were submitted last. @param submissions the oldest first */
export function earlierDivisions(submissions: readonly Submission[]): Map<string, Division> {
  const tasks = submissions.flatMap(({ arrays }) => arrays.flatMap((array) => array.tasks));
  return new Map(tasks.flatMap(({ job, part }) => (part ? [[job, { of: part.of, alone: part.alone ?? false }]] : [])));
}

/** Whether anything of a job's evaluation is there. */
async function hasFrames(job: Job): Promise<boolean> {
  const file = growingOf(job);
  return (await partFiles(file)).length > 0 || stat(file).then(({ size }) => size > 0, () => false);
}
