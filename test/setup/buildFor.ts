import { ensureBuild, type Variant } from "../../harness/build/build.ts";
import { plainProgress } from "../../harness/cli/plainProgress.ts";

/** Builds a variant before the first test, so that no test's time is spent on it, and one failure says what is wrong. */
export async function buildFor(variant: Variant): Promise<void> {
  const report = plainProgress(console.log, Date.now, 30_000);
  const { folder } = await ensureBuild(variant, { report: (text, fraction) => report({ kind: "build", text, fraction }) });
  console.log(`${variant} llama.cpp is in ${folder}`);
}
