/** Words by which programs say that something is wrong, and llama.cpp's mark of a line of that kind. */
const says = /^[\d.]+ E |\b(?:errors?|failed|fatal|unknown|invalid|unsupported|unable to|cannot|could not|no such file|not found|terminate called|assert(?:ion)?|abort(?:ed)?|killed|segmentation fault|bad_alloc|out of memory)\b/i;

/** Lines that only repeat what a file says of itself, or say of what there was an error. */
const quotes = /^llama_model_loader: - kv|^FAILED: /;

/** Characters of a line that are looked at. */
const most = 2000;

/**
 * The first line of a program's output that says what is wrong: later ones are mostly consequences. Without llama.cpp's time stamp.
 *
 * @returns null when no line does
 */
export function errorLine(text: string): string | null {
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    const line = end === start ? "" : text.slice(start, Math.min(end, start + most)).trim();
    if (line !== "" && says.test(line) && !quotes.test(line)) return line.replace(/^[\d.]+ [A-Z] +/, "");
    start = end + 1;
  }
  return null;
}

/** What to say of an output that ends where more was due. */
export function endsEarly(text: string): string {
  const said = errorLine(text);
  return `Its output ends early${said === null ? "." : `: ${said}`}`;
}
