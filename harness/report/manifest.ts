import type { Plan } from "../store/plan.ts";
import type { Results } from "./load.ts";

/** What a results folder was run with: its plan without the cells. */
export function settingsOf({ plan }: Results): Omit<Plan, "cells" | "format"> {
  const { cells: _cells, format: _format, ...rest } = plan;
  return rest;
}

/** What models were computed on, in words: the processor, or the device's own line with its driver. */
export function deviceOf({ device }: Plan): string {
  return device ? `${device.line}${device.driver === null ? "" : `, driver ${device.driver}`}` : "the processor";
}

/** manifest.json: versions, hashes, flags, CPU, date and command lines: what is needed to run it again. */
export function manifest(results: Results): object {
  return {
    ...settingsOf(results),
    cells: results.cells.map(({ cell, record, failure }) => ({
      name: cell.name,
      status: record ? "ok" : `failed: ${failure}`,
      ...(record && {
        date: [...record.steps.values()].map(({ date }) => date).sort().at(-1),
        conf: record.conf,
        file_sha256: record.file.sha256,
        file_bytes: record.file.bytes,
        argv: [...record.steps.values()].map(({ argv }) => argv).filter(({ length }) => length > 0),
        steps: Object.fromEntries([...record.steps].map(([step, { key }]) => [step, key])),
      }),
    })),
  };
}
