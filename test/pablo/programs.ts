import { beforeAll, expect, it } from "vitest";
import { ensureBuild, type Build } from "../../harness/build/build.ts";
import type { Flavour } from "../../harness/build/flavour.ts";
import { run } from "../../harness/process/run.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** The C library's own test programs (patches/pablo/test): their exit code says whether a check failed. */
const programs = ["pablo-test-library", "pablo-test-kernels", "pablo-test-model", "pablo-test-feedback"] as const;

// A sanitized or emulated program takes minutes on a busy machine, its build more.
const patience = 3_600_000;

/**
 * Tests that build the programs and run them.
 *
 * @param emulator program that runs them, if this machine cannot
 */
export function programTests(flavour?: Flavour, emulator?: string): void {
  let build: Build;
  beforeAll(async () => {
    build = await ensureBuild("patched", { targets: [...programs], ...(flavour && { flavour }) });
  }, patience);

  it.each(programs)("%s finds no fault", { timeout: patience }, async (name) => {
    const [command, ...argumentList] = [...(emulator ? [emulator] : []), build.binary(name)];
    const { stdout, stderr } = await run(command!, argumentList, { cwd: await temporaryFolder() });
    expect(stdout).toBe(`${name.replace("pablo-test-", "")}: ok\n`);
    expect(stderr).toBe("");
  });
}
