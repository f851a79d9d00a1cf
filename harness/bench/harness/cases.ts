import path from "node:path";
import { stringify } from "yaml";
import type { Build } from "../../build/build.ts";
import { cacheFolder } from "../../paths.ts";
import { ensureSourceModel } from "../sourceModel.ts";
import { mostCells, storeCells, storedStudy, writeStudy } from "./storedStudy.ts";

/** What a benchmark of the harness needs. */
export interface Setting {
  /** A folder for studies and results, thrown away in the end. */
  folder: string;
  build: Build;
  threads: number;
  /** Runs a sweep of this checkout without measuring it. */
  sweep(options: readonly string[]): Promise<void>;
  report(text: string): void;
  signal: AbortSignal;
}

/** A sweep whose time is wanted to be small. */
export interface Case {
  name: string;
  /** What it is about, in a few words. */
  says: string;
  /** Most of its time that may be the harness' own, 0 to 1; or most seconds that it may take. */
  wanted: { share: number } | { seconds: number };
  /** Does what is not measured. @returns options of the sweep; those of run `index`, from 0 */
  prepare(setting: Setting): Promise<(index: number) => string[]>;
}

/** What both checkouts are asked for where one is held against another. */
export const answersOptions: readonly string[] = ["--study", "answers", "--model", "sotu-1m"];

/** The sweeps that are measured. */
export const cases: readonly Case[] = [
  {
    name: "answers",
    says: "every cell on sotu-1m, caches warm",
    wanted: { share: 0.15 },
    async prepare({ folder, sweep, report }) {
      report("answers: warming up the caches");
      await sweep([...answersOptions, "--only", "f16,fitted-*", "--out", path.join(folder, "answers-warm")]);
      return (index) => [...answersOptions, "--out", path.join(folder, `answers-${index}`)];
    },
  },
  {
    name: "100m",
    says: "two cells of 97 M weights on the whole text, as by default",
    wanted: { share: 0.02 },
    async prepare({ folder, signal, report }) {
      const { file } = await ensureSourceModel(cacheFolder(), "100m", signal, report);
      const study = await writeStudy(folder, "large", stringify({ name: "large", cells: [{ name: "q4_0", type: "Q4_0" }, { name: "iq4_nl", type: "IQ4_NL" }] }));
      return (index) => ["--study", study, "--model", file, "--out", path.join(folder, `large-${index}`)];
    },
  },
  {
    name: "thesis again",
    says: "every cell is stored",
    wanted: { seconds: 2 },
    async prepare({ folder, sweep, report }) {
      report("thesis: computing what shall be stored");
      const options = ["--study", "thesis", "--out", path.join(folder, "thesis")];
      await sweep(options);
      return () => options;
    },
  },
  {
    name: `${mostCells} cells`,
    says: "every cell is stored",
    wanted: { seconds: 5 },
    async prepare({ folder, sweep, report, ...setting }) {
      report(`${mostCells} cells: computing one, writing the records of the others`);
      const study = await writeStudy(folder, "stored", storedStudy(mostCells));
      const results = path.join(folder, "stored");
      await sweep(["--study", study, "--only", "cell-0", "--out", results]);
      await storeCells(study, results, setting);
      const options = ["--study", study, "--out", results];
      report(`${mostCells} cells: making the tables of all once`);
      await sweep(options);
      return () => options;
    },
  },
];
