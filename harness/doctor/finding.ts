/** What was looked at, and whether it will do. */
export interface Finding {
  of: string;
  /** What is there, in words. */
  found: string;
  /** `optional`: it would do some good, and everything works without it. */
  verdict: "good" | "optional" | "missing";
  /** The command or the step that mends it; null where nothing is to be mended. */
  remedy: string | null;
}

/** Something that will do. */
export function good(of: string, found: string): Finding {
  return { of, found, verdict: "good", remedy: null };
}

/** Something that is needed and not there, or not as it has to be. */
export function missing(of: string, found: string, remedy: string): Finding {
  return { of, found, verdict: "missing", remedy };
}

/** Something that would do some good. */
export function optional(of: string, found: string, remedy: string): Finding {
  return { of, found, verdict: "optional", remedy };
}
