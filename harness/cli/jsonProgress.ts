import { z } from "zod";
import { type SweepEvent, sweepEventSchema } from "../sweep/events.ts";

const names = z.array(z.string());

const endSchema = z
  .strictObject({
    kind: z.literal("end"),
    results: z.string().describe("folder of the results"),
    computed: names, stored: names, left: names.describe("cells that were not run since another failed"),
    failed: z.array(z.strictObject({ name: z.string(), reason: z.string(), log: z.string().nullable().describe("file with what the program wrote") })),
    written: names.describe("files of tables, figures and page that were written"),
  })
  .describe("the sweep's end, the last line; there is none of a sweep that was refused or stopped");

/** How a sweep ended. */
export type SweepEnd = Omit<z.infer<typeof endSchema>, "kind">;

const lineSchema = z.union([...sweepEventSchema.options.map((event) => event.extend({ time: z.iso.datetime() })), endSchema.extend({ time: z.iso.datetime() })]);

/** JSON Schema of a line of `npm run sweep -- --json`. */
export function progressJsonSchema(): object {
  return { title: "a line of npm run sweep -- --json", ...z.toJSONSchema(lineSchema) };
}

/** A sweep's progress as a line of JSON for each event. */
export function jsonLine(event: SweepEvent | ({ kind: "end" } & SweepEnd), now = new Date()): string {
  return JSON.stringify({ time: now.toISOString(), ...event });
}
