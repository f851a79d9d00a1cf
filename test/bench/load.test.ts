import { chmod, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { measureLoad } from "../../harness/bench/instruments.ts";
import { demoModel } from "../../harness/paths.ts";
import { temporaryFolder } from "../support/temporary.ts";

const [first, second] = ["llama-bench: benchmark 1/2: starting", "llama-bench: benchmark 2/2: starting"];

/** Measures a program whose body is a shell script. */
async function load(body: string): Promise<number | undefined> {
  const folder = await temporaryFolder();
  const file = path.join(folder, "llama-bench");
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  const build = { binary: () => file };
  const subject = { name: "q", type: "Q4_0", variant: "upstream", conf: null } as const;
  const { values } = await measureLoad(subject, { builds: { upstream: build, patched: build }, device: null, folder, model: { name: "demo", file: demoModel, bytes: 1, tensors: 1 }, threads: 1, signal: new AbortController().signal });
  return values.load;
}

it("loading takes what lies between two lines, and no time is told of two that were heard at once", async () => {
  expect(await load(`echo '${first}' >&2; sleep 0.3; echo '${second}' >&2`)).toBeGreaterThan(0.2);
  await expect(load(`printf '${first}\\n${second}\\n' >&2`)).rejects.toThrow("how long q takes to load is not known");
  await expect(load(`echo '${first}' >&2`)).rejects.toThrow("did not say");
});
