/** What a sweep tells whoever shows its progress. */
export type SweepEvent =
  /** Something that happened once. */
  | { kind: "note"; text: string }
  /** The build's progress; `fraction` from 0 to 1 where it is known. */
  | { kind: "build"; text: string; fraction?: number | undefined }
  /** Progress of what cells share: fitted tables, the importance matrix, the model's own predictions. */
  | { kind: "prepare"; text: string; fraction?: number | undefined }
  /** The cells that this sweep is about, in order. */
  | { kind: "plan"; cells: { name: string; stored: boolean }[] }
  /** A cell's progress: `fraction` of the step, `text` says it in words. */
  | { kind: "cell"; name: string; position: string; step: string; text: string; fraction?: number | undefined }
  /** A cell's end. */
  | { kind: "done"; name: string; position: string; outcome: "computed" | "stored" | "failed"; text: string };

/** Receives a sweep's events. */
export type Report = (event: SweepEvent) => void;
