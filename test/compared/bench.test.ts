import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "csv-parse/sync";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { rows } from "../../harness/bench/rows.ts";
import { main } from "../../harness/cli.ts";
import { cacheFolder, demoModel } from "../../harness/paths.ts";
import { temporaryFolder } from "../support/temporary.ts";

let stdout = "";
let stderr = "";

beforeEach(() => {
  stdout = stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((stderr += String(text)), true));
});
afterEach(() => void vi.restoreAllMocks());

const table = async (folder: string, name: string): Promise<Record<string, string>[]> =>
  parse(await readFile(path.join(folder, name), "utf8"), { columns: true }) as Record<string, string>[];

const leftovers = async (): Promise<string[]> =>
  (await readdir(path.join(cacheFolder(), "scratch")).catch(() => [])).filter((name) => name.startsWith("bench-"));

describe("on the demo model, with both builds", () => {
  it("measures every row, and keeps every single measurement", async () => {
    const folder = await temporaryFolder();
    const before = await leftovers();
    // All but quantizeMemory: here llama-quantize may end before anybody can look.
    const only = ["quantize:*", ...["pp512", "tg64", "load", "memory"].map((measure) => `${measure}:*`)].join(",");
    const wanted = rows.filter(({ measure }) => measure !== "quantizeMemory");
    expect(await main(["bench", "--model", demoModel, "--only", only, "--repeats", "1", "--threads", "1", "--out", folder]), stderr).toBe(0);
    expect(await leftovers()).toEqual(before);

    const ratios = await table(folder, "ratios.csv");
    expect(ratios).toHaveLength(wanted.length);
    const measurements = await table(folder, "measurements.csv");
    const isCalm = (one: Record<string, string> | undefined): boolean => Number(one?.others) <= 0.1;
    for (const { measure, patched, upstream, ratio_lowest, ratio_highest, interval_low, pairs, decided, thrown_away, given_up } of ratios) {
      const own = measurements.filter((one) => one.measure === measure && one.unit !== "tensors/s");
      const neighbours = own.flatMap((one, index) => {
        const next = own[index + 1];
        if (next?.round !== one.round || Number(next?.position) !== Number(one.position) + 1) return [];
        if (one.subject === patched && next?.subject === upstream) return [[one, next]];
        return one.subject === upstream && next?.subject === patched ? [[next, one]] : [];
      });
      const quotients = neighbours.filter((pair) => pair.every(isCalm)).map(([one, other]) => Number(one?.value) / Number(other?.value));
      expect(quotients).toHaveLength(Number(pairs));
      expect(neighbours).toHaveLength(Number(pairs) + Number(thrown_away));
      // One pair was asked for, and one decides nothing: there are six, or twelve were thrown away.
      if (given_up === "no") expect(Number(pairs)).toBe(6);
      else expect([decided, Number(thrown_away)]).toEqual(["no", 12]);
      expect(interval_low !== "").toBe(Number(pairs) >= 6);
      if (quotients.length === 0) continue;
      expect(Math.min(...quotients)).toBeCloseTo(Number(ratio_lowest), 10);
      expect(Math.max(...quotients)).toBeCloseTo(Number(ratio_highest), 10);
    }
    expect(stdout).toMatch(/--repeats 1 leaves rows undecided: fewer than 6 pairs decide nothing/);
    expect(stdout).toMatch(/pairs? (was|were) thrown away/);
    expect(measurements.some(({ measure, unit }) => measure === "quantize" && unit === "tensors/s")).toBe(true);
    expect(measurements.every(({ value }) => Number(value) > 0)).toBe(true);
    for (const { name } of wanted) expect(stdout).toContain(name);
    const manifest = JSON.parse(await readFile(path.join(folder, "manifest.json"), "utf8")) as object;
    expect(manifest).toMatchObject({ threads: 1, repeats: 1, others: { most_share: 0.1 }, builds: [{ variant: "patched" }, { variant: "upstream" }] });
  });

  it("leaves nothing behind when it is interrupted", async () => {
    const folder = await temporaryFolder();
    const before = await leftovers();
    const running = main(["bench", "--model", demoModel, "--repeats", "1000", "--only", "tg64: centred*", "--out", folder]);
    while (!stdout.includes("round 1 of ") && stderr === "") await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await leftovers()).toHaveLength(before.length + 1);
    process.emit("SIGINT");
    expect(await running).toBe(130);
    expect(await leftovers()).toEqual(before);
    expect(await readdir(folder)).toEqual([]);
  });
});

const faults: [string, string[], RegExp][] = [
  ["a size that is not there", ["--params", "100m,2b"], /argument '100m,2b' is invalid\. Allowed: 100m, 1b, 7b, with commas between/],
  ["a row that is not there", ["--only", "speed"], /--only speed matches no row; there are: quantize: simple Q4_0 ÷ upstream Q4_0, /],
  ["a model that is not there", ["--model", "nowhere.gguf"], /nowhere\.gguf/],
  ["no rounds", ["--repeats", "0"], /'0' is invalid/],
];
it.each(faults)("refuses %s", async (_what, argumentList, message) => {
  expect(await main(["bench", ...argumentList])).toBe(1);
  expect(stderr).toMatch(message);
});
