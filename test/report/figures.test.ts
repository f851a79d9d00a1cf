import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { figureData } from "../../harness/report/figures/data.ts";
import { newFigures, thesisFigures } from "../../harness/report/figures/definitions.ts";
import { readable } from "../../harness/report/figures/numbers.ts";
import { onFront } from "../../harness/analysis/front.ts";
import { spreadLabels } from "../../harness/report/figures/pareto.ts";
import { renderPng } from "../../harness/report/figures/png.ts";
import { type RenderedFigure, renderFigure } from "../../harness/report/figures/svg.ts";
import { colourPairs, colours } from "../../harness/report/figures/theme.ts";
import { figureReports, makeDrawing, type StudyFigures, studyFigures } from "../../harness/report/figures/reports.ts";
import { keepReports } from "../../harness/report/keep.ts";
import type { Results } from "../../harness/report/load.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { fixtureResults, hostileResults } from "./fixture.ts";

const numbers = ["3.1.1", "3.2.1", "3.2.2", "3.3.1", "3.3.2", "4.1.1", "4.1.2", "4.1.3", "4.1.4"];
const drawFigures = (results: Results): Promise<StudyFigures<RenderedFigure>> => makeDrawing().all(studyFigures(results));
let drawn: Promise<StudyFigures<RenderedFigure>> | undefined;
const full = (): Promise<StudyFigures<RenderedFigure>> => (drawn ??= drawFigures(fixtureResults()));
const figureOf = (results: Results, name: string) =>
  [...thesisFigures, ...newFigures].map((definition) => definition(figureData(results))).find((figure) => figure?.name === name)!;

describe("figures", () => {
  const warn = vi.spyOn(console, "warn");
  beforeEach(() => void warn.mockClear());
  afterEach(() => expect(warn).not.toHaveBeenCalled());

  it("are all there for a study that has everything, the thesis's in its order", async () => {
    const { thesis, others } = await full();
    expect(thesis.map(({ figure }) => figure.name)).toEqual(numbers.map((number) => `figure-${number}`));
    expect(others.map(({ figure }) => figure.name)).toEqual(["quality-size", "divergence", "perplexity", "zero-runs", "entropy", "tables", "weight-error"]);
    for (const { width } of [...thesis, ...others]) expect(width).toBeLessThan(420);
  });

  it("are not made from data that is not there", async () => {
    const results = fixtureResults();
    const only = { ...results, cells: results.cells.filter(({ cell }) => cell.name === "f16" || cell.name === "iq4_nl") };
    const { thesis, others } = await drawFigures(only);
    expect([...thesis, ...others].map(({ figure }) => figure.name)).toEqual(["perplexity", "weight-error"]);
    expect(await drawFigures({ ...results, cells: [] })).toEqual({ thesis: [], others: [] });
  });

  it("are the same bytes again, in any order", async () => {
    const results = fixtureResults();
    const [forth, back] = [["figure-3.3.1", "tables", "quality-size"], ["quality-size", "tables", "figure-3.3.1"]];
    const drawn = async (names: string[]): Promise<Record<string, string>> => {
      const hashes: Record<string, string> = {};
      for (const name of names) {
        const { adaptive, plain } = await renderFigure(figureOf(results, name));
        hashes[name] = createHash("sha256").update(adaptive).update(renderPng(plain)).digest("hex");
      }
      return hashes;
    };
    expect(await drawn(back)).toEqual(await drawn(forth));
  });

  it("are the same bytes as when they were last looked at", async () => {
    const { adaptive } = await renderFigure(figureOf(fixtureResults(), "figure-3.2.2"));
    await expect(adaptive).toMatchFileSnapshot(path.join("figures", "figure-3.2.2.svg"));
  });

  it("say their numbers under the pointer and in their captions", async () => {
    const results = fixtureResults();
    const runs = results.cells.find(({ cell }) => cell.name === "q4_0-own-r0")!.record!.histogram!.zeroRuns;
    const share = ((100 * runs[0]!) / runs.reduce((sum, count) => sum + count, 0)).toFixed(2);
    const { adaptive, figure } = await renderFigure(figureOf(results, "figure-3.2.2"));
    expect(adaptive).toContain(`<title>length 1: ${runs[0]} runs, ${share} %</title>`);
    expect(adaptive).toContain(`>${share} %</text>`);
    expect(figure.caption).toContain(`${share} %`);
  });

  it("turn dark as a whole: every colour has a twin", async () => {
    const { thesis, others } = await full();
    const known = new Set<string>([...Object.values(colours), "none", "transparent"]);
    for (const { adaptive, plain } of [...thesis, ...others]) {
      const used = [...plain.matchAll(/ (?:fill|stroke)="([^"]+)"/g)].map(([, colour]) => colour!);
      expect(used.filter((colour) => !known.has(colour))).toEqual([]);
      expect(adaptive).toContain("prefers-color-scheme:dark");
      expect(plain).not.toContain("<style");
    }
  });

  it("escape names from outside", async () => {
    const { thesis, others } = await drawFigures(hostileResults());
    expect([...thesis, ...others]).toHaveLength(16);
    for (const { adaptive, plain } of [...thesis, ...others]) {
      expect(adaptive).not.toMatch(/<img|<\/script/);
      expect(renderPng(plain).length).toBeGreaterThan(1000);
    }
  });

  it("are written as SVG and PNG; those of an earlier study go, and nobody else's", async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, "store"));
    const { thesis } = studyFigures(fixtureResults());
    const write = (count: number) => keepReports(folder, figureReports({ thesis: thesis.slice(0, count), others: [] }, makeDrawing()), ["figures/"]);
    await write(3);
    await writeFile(path.join(folder, "figures", "mine.svg"), "");
    await writeFile(path.join(folder, "figures", "figure-3.2.2.png"), "painted over");
    expect((await write(1)).written).toEqual([]);
    expect((await readdir(path.join(folder, "figures"))).sort()).toEqual(["figure-3.1.1.png", "figure-3.1.1.svg", "figure-3.2.2.png", "mine.svg"]);
    expect(await readFile(path.join(folder, "figures", "figure-3.1.1.svg"), "utf8")).toBe((await full()).thesis[0]!.adaptive);
  });
});

describe("colours", () => {
  const luminance = (colour: string): number => {
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
  };
  const contrast = (one: string, other: string): number => {
    const [high, low] = [luminance(one), luminance(other)].sort((left, right) => right - left);
    return (high! + 0.05) / (low! + 0.05);
  };
  const pairOf = (light: string) => colourPairs.find((pair) => pair.light === light)!;
  const paper = pairOf(colours.paper);

  it.each([["ink", 4.5], ["quiet", 4.5], ["bar", 3], ["warn", 3], ["third", 3]] as const)("%s stands out from paper, light and dark", (name, least) => {
    const { light, dark } = pairOf(colours[name]);
    expect(contrast(light, paper.light)).toBeGreaterThanOrEqual(least);
    expect(contrast(dark, paper.dark)).toBeGreaterThanOrEqual(least);
  });
});

describe("the front", () => {
  const trade = (name: string, bits: number, value: number) => ({ name, bits, value });

  it("has those that nothing beats, smallest first", () => {
    expect(onFront([trade("large", 8, 1), trade("beaten", 5, 3), trade("small", 4, 2), trade("worse", 4, 2.5)])).toEqual(["small", "large"]);
    expect(onFront([trade("a", 4, 2), trade("b", 4, 2)])).toEqual(["a", "b"]);
  });

  it("is labelled first, and labels do not touch", () => {
    const points = [{ ...trade("hidden", 4, 2.01), front: false }, { ...trade("best", 4, 2), front: true }, { ...trade("far", 8, 1), front: true }];
    expect(spreadLabels(points, { height: 100, logarithmic: false }).map(({ label }) => label)).toEqual(["hidden", "best", "far"]);
    const crowd = [...points, { ...trade("crowded", 4, 2.02), front: false }];
    expect(spreadLabels(crowd, { height: 100, logarithmic: false }).map(({ label }) => label)).toEqual(["hidden", "best", "far", ""]);
  });
});

describe("readable", () => {
  it.each([[14.0238, "14.02"], [5_282_681.8, "5,282,682"], [0.0204, "0.02040"], [-3.21, "−3.210"], [0, "0"], [Number.NaN, "–"], [999.96, "1,000.0"]])("%s is %s", (value, text) => {
    expect(readable(value)).toBe(text);
  });
});
