import { preparationFiles } from "../executors/slurm/preparation.ts";
import { helperNames, isCancelled, logFile, logTail, submissionFolder } from "../executors/slurm/submission.ts";
import { readAnswer } from "../sweep/answerPreparation.ts";
import { startOf, type Cluster } from "./cluster.ts";
import { type Standing, unsaid } from "./types.ts";

/**
 * How the latest job stands by which a node makes ready what cells need; null where there was none, or it is over and its
 * cells are planned.
 */
export async function preparationOf({ submissions, queued, unknown }: Cluster, isPlanned: boolean): Promise<Standing | null> {
  const latest = submissions.filter(({ arrays }) => arrays.length === 0).at(-1);
  if (!latest) return null;
  const { preparation: name } = helperNames(latest);
  const file = logFile(latest, name, "job");
  const tail = await logTail(file);
  const log = tail === "" ? null : file;
  const said = (standing: Pick<Standing, "state"> & Partial<Standing>): Standing => ({ ...unsaid, ...standing, name: "preparation" });
  const job = queued.find((one) => one.name === name);
  if (job?.state === "PENDING") return said({ state: "queued", reason: job.reason });
  if (job) return said({ state: "running", node: job.node, since: startOf(job), log, reason: await logTail(file, 1) || null });
  const answer = await readAnswer(preparationFiles(submissionFolder(latest))).catch(() => null);
  // What was submitted since has been planned.
  if (isPlanned && (answer?.failure === null || latest !== submissions.at(-1))) return null;
  if (answer) return answer.failure === null ? said({ state: "waiting", reason: "a node has made ready what cells need; the sweep is to go on" }) : said({ state: "failed", reason: answer.failure, log });
  if (unknown !== null) return said({ state: "queued", reason: unknown });
  const reason = tail === "" ? "it left neither an answer nor a log" : `its log ends: ${tail}`;
  return said({ state: (await isCancelled(latest)) ? "cancelled" : "lost", reason, log });
}
