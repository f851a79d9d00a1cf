import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { stringify } from "csv-stringify/sync";
import writeFileAtomic from "write-file-atomic";
import { resultsStore, stepFolder } from "../store/store.ts";
import { tableRows, testRows } from "./answerRows.ts";
import { compressionRows, radiusRows } from "./compressionRows.ts";
import { loadResults, measured, type Results } from "./load.ts";
import { manifest } from "./manifest.ts";
import { cellRows, chunkRows, codeRows, type Table, tensorRows, zeroRunRows } from "./rows.ts";
import { thesisRows } from "./thesis.ts";

const tables: Record<string, (results: Results) => Table> = {
  "cells.csv": cellRows,
  "codes.csv": codeRows,
  "zero_runs.csv": zeroRunRows,
  "tensors.csv": tensorRows,
  "chunks.csv": chunkRows,
  "compression.csv": compressionRows,
  "radius.csv": radiusRows,
  "tables.csv": tableRows,
  "tests.csv": testRows,
  "thesis.csv": thesisRows,
};

/**
 * Make every table of a results folder from its store.
 *
 * @param folder the results folder
 * @returns what was read, and the path of every file written
 * @throws UserError when the folder holds no results
 */
export async function writeTables(folder: string): Promise<{ results: Results; written: string[] }> {
  const results = await loadResults(folder);
  const written: string[] = [];
  for (const [name, rows] of Object.entries(tables)) {
    const file = path.join(folder, name);
    await writeFileAtomic(file, csv(rows(results)));
    written.push(file);
  }
  written.push(...(await writeHistograms(results)));
  const file = path.join(folder, "manifest.json");
  await writeFileAtomic(file, `${JSON.stringify(manifest(results), null, 2)}\n`);
  return { results, written: [...written, file] };
}

/** A table as CSV (RFC 4180 with line feeds), its first line the columns. */
export function csv({ columns, rows }: Table): string {
  return stringify([[...columns], ...rows]);
}

/** The library's JSON of each cell, in the shape that the thesis's fork printed. */
async function writeHistograms(results: Results): Promise<string[]> {
  const folder = path.join(results.folder, "histograms");
  await mkdir(folder, { recursive: true });
  const sources = measured(results)
    .flatMap(({ cell, record }) => {
      const quantized = record.steps.get("quantize");
      if (!quantized?.files["histogram"]) return [];
      return [{ name: `${cell.name}.json`, source: path.join(stepFolder(resultsStore(results.folder), "quantize", quantized.key), "histogram") }];
    });
  for (const { name, source } of sources) await copyFile(source, path.join(folder, name));
  const current = new Set(sources.map(({ name }) => name));
  for (const name of await readdir(folder)) {
    if (name.endsWith(".json") && !current.has(name)) await rm(path.join(folder, name));
  }
  return sources.map(({ name }) => path.join(folder, name));
}
