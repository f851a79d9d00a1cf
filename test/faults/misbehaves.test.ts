import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import type { Build } from "../../harness/build/build.ts";
import type { SweepResult } from "../../harness/sweep/sweep.ts";
import { type Behaviour, fakeBuild, goodPerplexity } from "../support/fakeBuild.ts";
import { leftOvers, makeLab, type SweepLab } from "../support/sweepLab.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { faultRow } from "./row.ts";

/** A length of sleep that no other process on the machine has. */
const long = "sleep 86413";

interface Case {
  kind: string;
  /** Lines of a shell script, in place of those of the program when it evaluates cell `a`. */
  perplexity?: string;
  quantize?: string;
  /** Done to the program's file, which all cells that are quantized need. */
  spoil?(file: string): Promise<void>;
  /** Reason of the failure; null where the cell is to be computed. */
  reason: RegExp | null;
}

const cases: Case[] = [
  { kind: "hangs silently", perplexity: long, reason: /^llama-perplexity was ended: it wrote nothing and took no processor time for/ },
  { kind: "hangs and ignores signals", perplexity: `trap '' TERM INT HUP; ${long}`, reason: /took no processor time/ },
  { kind: "hangs after half its output", perplexity: `${goodPerplexity.split("\n").slice(0, 4).join("\n")}\n${long}`, reason: /took no processor time/ },
  { kind: "quantizes nothing for ever", quantize: long, reason: /^llama-quantize was ended: it wrote nothing and took no processor time/ },
  { kind: "prints for ever", perplexity: "yes", reason: /it wrote more than 64 MiB/ },
  { kind: "prints 600 MB without a line break", perplexity: "head -c 600000000 /dev/zero | tr '\\0' 1", reason: /it wrote more than 64 MiB/ },
  { kind: "prints 60 MB of line breaks", perplexity: "head -c 60000000 /dev/zero | tr '\\0' '\\n'", reason: /gave no result/ },
  { kind: "prints no UTF-8", perplexity: "printf 'error: \\377\\376\\300\\n' >&2; exit 3", reason: /exit code 3: error: �/ },
  { kind: "prints zero bytes", perplexity: "printf 'error: a\\0b\\n' >&2; exit 3", reason: /exit code 3: error: a b$/ },
  { kind: "leaves a daemon that holds its output", perplexity: `${long} &\n${goodPerplexity}`, reason: null },
  { kind: "leaves a daemon in a session of its own that holds its output", perplexity: `setsid sleep 5 &\n${goodPerplexity}`, reason: null },
  { kind: "ends well without output", perplexity: "exit 0", reason: /gave no result\. Its output ends early/ },
  { kind: "ends well with half its output", perplexity: goodPerplexity.split("\n").slice(0, 4).join("\n"), reason: /final estimates|frames of/ },
  { kind: "ends well with an error", perplexity: "echo 'error: no memory' >&2", reason: /gave no result\. Its output ends early: error: no memory/ },
  { kind: "ends by SIGSEGV", perplexity: "kill -SEGV $$", reason: /^llama-perplexity was ended by SIGSEGV/ },
  { kind: "ends by SIGKILL", perplexity: "kill -KILL $$", reason: /^llama-perplexity was ended by SIGKILL/ },
  { kind: "ends with 139, as of a shell", perplexity: "sh -c 'kill -SEGV $$'; exit 139", reason: /ended with exit code 139/ },
  { kind: "writes its error first and more behind it", perplexity: "echo '0.1 E model: unknown model architecture: x' >&2; echo '0.2 E failed to load' >&2; echo last; exit 1", reason: /exit code 1: model: unknown model architecture: x$/ },
  { kind: "closes its output early", perplexity: "exec >&- 2>&-; exit 0", reason: /gave no result/ },
  { kind: "starts another and ends", perplexity: `(${long}\n${goodPerplexity}) & exit 0`, reason: /gave no result/ },
  { kind: "floods its frames", perplexity: `head -c 300000000 /dev/zero >> "$frames"\n${goodPerplexity}`, reason: /frames/ },
  { kind: "is not executable", spoil: (file) => chmod(file, 0o644), reason: /could not be started: .*EACCES/ },
  { kind: "is missing", spoil: (file) => rm(file), reason: /ENOENT|command not found/ },
  { kind: "is a folder", spoil: async (file) => (await rm(file), void (await mkdir(file))), reason: /could not be started: .*EACCES/ },
  { kind: "has no interpreter", spoil: async (file) => (await rm(file), await writeFile(file, "#!/nowhere/sh\n"), chmod(file, 0o755)), reason: /could not be started: .*ENOENT/ },
  { kind: "is of another format", spoil: async (file) => (await rm(file), await writeFile(file, Buffer.from("7f454c46020101000000000000000000", "hex")), chmod(file, 0o755)), reason: /exit code|could not be started/ },
];

/** With the fault in cell `a` alone: its quantized file has a note beside it. */
function behaviour({ quantize, perplexity }: Case): Behaviour {
  const only = (condition: string, fault: string | undefined, otherwise: string): string => (fault === undefined ? otherwise : `if ${condition}; then\n${fault}\nelse\n${otherwise}\nfi`);
  return {
    quantize: only('[ "$type" = IQ4_NL ]', quantize, '[ "$type" != IQ4_NL ] || touch "$quantized.a"\ncp "$made" "$quantized"'),
    perplexity: only(`[ -e "$(tail -n 1 "$0.calls" | sed 's/^.*-m \\([^ ]*\\).*$/\\1/').a" ]`, perplexity, goodPerplexity),
  };
}

faultRow("a child misbehaves: hanging, streams, exits, signals, files", cases.length, async (index) => {
  const one = cases[index]!;
  process.env["QUANTFLEX_CACHE"] = await lastingTemporaryFolder();
  const lab = await makeLab();
  const build = await fakeBuild(path.join(lab.folder, "bin"), one.spoil ? {} : behaviour(one));
  await one.spoil?.(build.binary("llama-quantize"));
  const start = performance.now();
  const before = process.memoryUsage().rss;
  const { failed, computed, stored } = await ended(lab, one, build);
  expect(performance.now() - start, one.kind).toBeLessThan(60_000);
  expect(process.memoryUsage().rss - before, one.kind).toBeLessThan(1e9);
  const hit = one.reason === null ? [] : one.spoil ? ["a", "b"] : ["a"];
  expect({ kind: one.kind, failed: failed.map(({ name }) => name), others: [...stored, ...computed].sort() }).toEqual({ kind: one.kind, failed: hit, others: ["a", "b", "f16"].filter((name) => !hit.includes(name)).sort() });
  for (const { reason } of failed) expect(reason, one.kind).toMatch(one.reason!);
  expect(await processesWith(long), one.kind).toEqual([]);
  expect(await leftOvers(lab), one.kind).toEqual([]);
  // Nothing of it stands in the way of a sound program.
  await rm(build.binary("llama-quantize"), { recursive: true, force: true });
  expect((await ended(lab, one, await fakeBuild(build.folder))).failed, one.kind).toEqual([]);
});

/** A sweep in which three seconds are a long silence. */
function ended(lab: SweepLab, { kind }: Case, build: Build): Promise<SweepResult> {
  return lab.run({ stallLimit: 0.05, build }, null).catch((error: unknown) => {
    throw new Error(`${kind}: the sweep ended: ${String(error)}`, { cause: error });
  });
}

async function processesWith(command: string): Promise<string[]> {
  const numbers = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(numbers.map((number) => readFile(`/proc/${number}/cmdline`, "utf8").catch(() => "")));
  return commands.map((line) => line.split("\0").join(" ").trim()).filter((line) => line === command);
}
