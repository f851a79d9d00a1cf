/** What commands need of the program around them. */
export interface CommandIo {
  print(line: string): void;
  /** For errors. */
  complain(line: string): void;
  /** Sets the exit code, 0 otherwise. */
  exit(code: number): void;
  signal: AbortSignal;
  /** The command line, for manifests. */
  argv: readonly string[];
}

/** Exit codes of the commands: `failed` is of usage, inputs and what ended everything, `undecided` regress's, `cellFailed` of sweeps that went on. */
export const exitCodes = { ok: 0, failed: 1, undecided: 2, cellFailed: 3 } as const;
