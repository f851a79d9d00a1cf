import type { Results } from "./load.ts";

/** manifest.json: versions, hashes, flags, CPU, date and command lines: what is needed to run it again. */
export function manifest({ plan, cells }: Results): object {
  const { cells: _cells, format: _format, ...rest } = plan;
  return {
    ...rest,
    cells: cells.map(({ cell, key, record, failure }) => ({
      name: cell.name,
      key,
      status: record ? "ok" : `failed: ${failure}`,
      ...(record && {
        date: record.date,
        conf: record.inputs.conf,
        file_sha256: record.file.sha256,
        file_bytes: record.file.bytes,
        argv: record.argv,
      }),
    })),
  };
}
