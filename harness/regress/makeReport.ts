import path from "node:path";
import { projectRoot } from "../paths.ts";
import { worst } from "./tally.ts";
import type { CheckResult, RegressReport, RegressRequest, SharedContext } from "./types.ts";

/**
 * Puts the results together.
 *
 * @param context null when it never came to one
 * @param fault why the comparison ended early; null when it did not
 * @param seconds wall time of the whole run
 */
export function makeReport(request: RegressRequest, context: SharedContext | null, fault: string | null, checks: CheckResult[], seconds: number): RegressReport {
  const { upstream, patched } = context ?? {};
  const known = <T extends string | string[]>(value: T | undefined): T | null => (value && value.length > 0 ? value : null);
  return {
    verdict: fault === null ? worst(checks.map(({ verdict }) => verdict)) : "undecided",
    fault,
    release: context?.release.tag ?? request.release ?? "pin",
    date: new Date().toISOString(),
    compiler: known(patched?.compiler),
    cmakeFlags: known(patched?.cmakeFlags),
    cpu: known(patched?.cpu),
    trees: { upstream: known(upstream?.tree), patched: known(patched?.tree) },
    libraryHash: known(patched?.libraryHash),
    models: (context?.models ?? []).map(({ path: file }) => path.relative(projectRoot, file)),
    threads: context?.threads ?? 0,
    seconds,
    checks,
  };
}
