/**
 * A fault that the person at the keyboard can mend. Its message names the file
 * or value at fault and the way out; the command line prints it without a stack.
 */
export class UserError extends Error {
  override name = "UserError";
  /** Path of what the program that is at fault wrote, where that is kept. */
  log?: string;
}

/** Text or bytes from outside that are not what their format promises. */
export class ParseError extends UserError {
  override name = "ParseError";
}
