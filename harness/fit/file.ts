import { Document, isScalar, visit } from "yaml";
import { z } from "zod";
import { tableSchema, tensorTableSchema } from "../study/tables.ts";
import { type FitRequest, fitRequestSchema } from "../study/types.ts";
import type { Fitted } from "./fit.ts";

/** A fitted table as it is kept: what a study needs of it, and where it comes from. */
export const fittedFileSchema = z.strictObject({
  ...tableSchema.shape,
  tensors: z.array(tensorTableSchema.extend({ error: z.number() })),
  provenance: z.strictObject({
    model: z.strictObject({ name: z.string(), sha256: z.string() }),
    /** Of the importance matrix: its training text and how much of it; null without one. */
    imatrix: z.strictObject({ text: z.string(), sha256: z.string(), chunks: z.int().nullable() }).nullable(),
    ...fitRequestSchema.shape,
    /** Relative squared error that the model's table leaves, as the fit counts it. */
    error: z.number(),
  }),
});

/** A fitted table as it is kept. */
export type FittedFile = z.infer<typeof fittedFileSchema>;

/** Where an importance matrix comes from. */
export type ImatrixSource = NonNullable<FittedFile["provenance"]["imatrix"]>;

/** A fit with its provenance. Nothing in it depends on the day or the machine. */
export function fittedFile(fitted: Fitted, request: FitRequest, model: { name: string; sha256: string }, imatrix: ImatrixSource | null): FittedFile {
  const { widths, values, tensors, error } = fitted;
  const { method, per, weights, scale } = request;
  return {
    widths,
    values,
    tensors: tensors.map((tensor) => ({ pattern: tensor.pattern, widths: tensor.widths, values: tensor.values, error: rounded(tensor.error) })),
    provenance: {
      model: { name: model.name, sha256: model.sha256 },
      imatrix: weights === "imatrix" ? imatrix : null,
      method, per, weights, scale,
      error: rounded(error),
    },
  };
}

function rounded(error: number): number {
  return Number(error.toPrecision(6));
}

/** The file's text, each list of numbers on a line. */
export function fittedYaml(file: FittedFile): string {
  const document = new Document(file, { aliasDuplicateObjects: false });
  visit(document, {
    Seq(_key, node) {
      if (node.items.every(isScalar)) node.flow = true;
    },
  });
  const use = file.provenance.scale === "search" ? "encode: nearest and scale: search" : "encode: nearest";
  document.commentBefore = ` A fitted table, made by npm run fit. A study's cell uses it with table: this file, ${use}.`;
  return document.toString({ lineWidth: 0 });
}
