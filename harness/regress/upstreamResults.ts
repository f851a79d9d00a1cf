import { createHash } from "node:crypto";
import path from "node:path";
import { z } from "zod";
import type { Build } from "../build/build.ts";
import { keepJson, keptJson } from "../json.ts";
import type { Project } from "../upstream/project.ts";

const resultSchema = z.union([z.strictObject({ value: z.string() }), z.strictObject({ fault: z.string() })]);

/** What a test said, or how it failed. */
export type TestResult = z.infer<typeof resultSchema>;

/**
 * How one of upstream's tests ends on upstream's build. It depends on the build alone, so that a pass is
 * kept in the cache under the build's key; a failure may be chance and is looked at again each time.
 *
 * @param command the test and its arguments, without folders that differ from run to run
 */
export async function upstreamResult(project: Project, build: Build, command: readonly string[], run: () => Promise<TestResult>): Promise<TestResult> {
  const name = createHash("sha256").update(JSON.stringify([build.key, command])).digest("hex");
  const file = path.join(project.cache, "regress", `${name}.json`);
  const kept = await keptJson(file, resultSchema);
  if (kept) return kept;
  const result = await run();
  if ("value" in result) await keepJson(file, result);
  return result;
}
