import type { Cell } from "../study/types.ts";

/** Whether a cell's codes are rounded as they are, by no knowledge of what its tensors multiply; of a ready-made file nobody knows. */
export function isPlain({ mode, imatrix, feedback, tensors, fit }: Cell): boolean {
  return mode !== "ready" && !imatrix && !feedback && !tensors && fit?.weights !== "imatrix";
}

/** Whether a cell is what upstream itself makes: none of the library's codes, nor types by rule, nor made by somebody else. */
export function isUpstreams({ mode, decode, feedback, tensors }: Cell): boolean {
  return (mode === "upstream" || mode === "simple") && decode === "exact" && !feedback && !tensors;
}
