import { z } from "zod";

const fraction = z.number().min(0).max(1).optional().describe("the part that is done, where it is known");
const position = z.string().describe("such as 3 of 12");

/** What a sweep tells whoever shows its progress. */
export const sweepEventSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("note"), text: z.string() }).describe("something that happened once"),
  z.strictObject({ kind: z.literal("build"), text: z.string(), fraction }).describe("the build's progress"),
  z.strictObject({ kind: z.literal("prepare"), text: z.string(), fraction }).describe("progress of what cells share: fitted tables, the importance matrix, the model's own predictions"),
  z.strictObject({ kind: z.literal("plan"), results: z.string().describe("folder that results go to"), cells: z.array(z.strictObject({ name: z.string(), stored: z.boolean() })) }).describe("the cells that this sweep is about, in order"),
  z.strictObject({ kind: z.literal("cell"), name: z.string(), position, step: z.string(), text: z.string(), fraction }).describe("a cell's progress: the fraction of the step, and what is done in words"),
  z.strictObject({ kind: z.literal("done"), name: z.string(), position, outcome: z.enum(["computed", "stored", "failed"]), text: z.string() }).describe("a cell's end"),
]);

/** What a sweep tells whoever shows its progress. */
export type SweepEvent = z.infer<typeof sweepEventSchema>;

/** Receives a sweep's events. */
export type Report = (event: SweepEvent) => void;
