import type { Cell } from "../study/types.ts";

/** Whether a cell's codes are rounded as they are, by no knowledge of what its tensors multiply. */
export function isPlain({ imatrix, feedback, tensors, fit }: Cell): boolean {
  return !imatrix && !feedback && !tensors && fit?.weights !== "imatrix";
}

/** Whether a cell is what upstream itself makes: none of the library's codes, nor types by rule. */
export function isUpstreams({ mode, decode, feedback, tensors }: Cell): boolean {
  return mode !== "own" && decode === "exact" && !feedback && !tensors;
}
