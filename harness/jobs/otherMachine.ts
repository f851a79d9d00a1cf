import { UserError } from "../errors.ts";
import { readPlan } from "../store/plan.ts";
import type { Job } from "./job.ts";

/** That a job was planned for another machine than this. */
export class OtherMachine extends UserError {}

/**
 * That a job was made for another build than this machine's, and which of its processor's features this one lacks: programs
 * that use them would end by an illegal instruction.
 *
 * @param here features of this processor; key of the build that is made here, where that is known
 * @param what names the job
 */
export async function otherBuild({ results, target }: Pick<Job, "results" | "target">, here: { key?: string; features: string }, what: string): Promise<OtherMachine> {
  const plan = await readPlan(results).catch(() => null);
  const wanted = plan?.build.key === target.build ? plan.build.features.split(" ") : [];
  const lacking = wanted.filter((feature) => !here.features.split(" ").includes(feature));
  const why = lacking.length > 0 ? `this processor lacks ${lacking.slice(0, 8).join(", ")}${lacking.length > 8 ? ` and ${lacking.length - 8} more` : ""}` : "another compiler, processor or state of the patches";
  const mine = here.key === undefined ? "another" : here.key.slice(0, 12);
  return new OtherMachine(`${what} was made for build ${target.build.slice(0, 12)} of llama.cpp ${target.release}, but this machine makes ${mine}: ${why}; run npm run sweep here, or keep to machines of the kind that it was started on (on a cluster by --slurm-options --constraint, or --prepare nodes)`);
}
