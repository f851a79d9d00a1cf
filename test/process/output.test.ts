import { describe, expect, it } from "vitest";
import { parsePerplexity } from "../../harness/parse/perplexity.ts";
import { run } from "../../harness/process/run.ts";
import { followChunks } from "../../harness/steps/followChunks.ts";

const shell = (script: string, options?: Parameters<typeof run>[2]) => run("sh", ["-c", script], options);

/** A shell's line that writes so many MB, all of them digits, on one line or on many. */
const digits = (megabytes: number, lines: "one line" | "lines"): string =>
  `head -c ${megabytes}000000 /dev/zero | tr '\\0' ${lines === "lines" ? "'\\n'" : "1"}`;

/** On a busy machine the clock says little. */
function processorSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

describe("much output", () => {
  it.each(["one line", "lines"] as const)("of 60 MB in %s is taken in seconds, and followed and read as fast", async (lines) => {
    const before = process.cpuUsage();
    let count = 0;
    const follow = followChunks(() => undefined);
    const result = await shell(digits(60, lines), { onText: follow, onLine: () => void count++ });
    expect(result.stdout.length).toBe(60e6);
    expect(count).toBe(lines === "lines" ? 60e6 : 1);
    expect(() => parsePerplexity(result)).toThrow(/gave no result/);
    expect(processorSeconds(before)).toBeLessThan(15);
  });

  it.each(["one line", "lines"] as const)("of 600 MB in %s ends the program, in bounded memory", async (lines) => {
    const [start, before] = [process.cpuUsage(), process.memoryUsage().rss];
    const error = await shell(digits(600, lines), { onText: followChunks(() => undefined) }).catch((thrown: unknown) => thrown);
    expect((error as { reason: string }).reason).toMatch(/^sh was ended: it wrote more than 64 MiB/);
    expect((error as Error).message.length).toBeLessThan(10_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(600e6);
    expect(processorSeconds(start)).toBeLessThan(15);
  });

  it("gives of a very long line the beginning, and the next line whole", async () => {
    const lines: string[] = [];
    await shell(`${digits(1, "one line")}; echo; echo next`, { onLine: (line) => lines.push(line) });
    expect(lines.map(({ length }) => length)).toEqual([65536, 4]);
  });
});

describe("a program that hangs", () => {
  it("is ended when it neither writes nor works", async () => {
    const error = await shell("echo begun; sleep 60", { stallSeconds: 0.5 }).catch((thrown: unknown) => thrown);
    expect((error as { reason: string }).reason).toBe("sh was ended: it wrote nothing and took no processor time for 0.5 s: begun");
  });

  it("is ended also when it is stopped and ignores what can be ignored", async () => {
    await expect(shell("trap '' TERM; kill -STOP $$", { stallSeconds: 0.5, graceSeconds: 0.2 })).rejects.toThrow(/took no processor time/);
  });

  it("is left when it writes now and then", async () => {
    expect((await shell("for i in 1 2 3 4 5 6; do sleep 0.3; echo; done", { stallSeconds: 1 })).stdout).toHaveLength(6);
  });

  it.runIf(process.platform === "linux")("is left when it works, or a child of it does", async () => {
    const busy = "end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do :; done";
    expect((await shell(`(${busy}); echo done`, { stallSeconds: 1 })).stdout).toBe("done\n");
  });

  it("is left for ever with a limit of 0", async () => {
    expect((await shell("sleep 1; echo done", { stallSeconds: 0 })).stdout).toBe("done\n");
  });
});

describe("what a program left behind", () => {
  it.each([
    ["in its group", "sleep 61 &"],
    ["in its group, and ignoring signals", "(trap '' TERM HUP INT; sleep 61) &"],
    ["in a session of its own", "setsid sleep 61 &"],
  ])("%s does not hold its output open", async (_where, script) => {
    const start = performance.now();
    expect((await shell(`${script} echo $!`)).stdout).toMatch(/^\d+\n$/);
    expect(performance.now() - start).toBeLessThan(30_000);
  });
});
