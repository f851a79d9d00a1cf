import { setMaxListeners } from "node:events";

/**
 * What Ctrl-C and its like do to a command. It is told by an AbortSignal, so that it clears up after
 * itself, and has the exit code that shells know.
 */

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type Name = keyof typeof exitCodes;

/** npm passes on a Ctrl-C that the terminal has sent us already: so soon after the first it is the same one. */
const echoMilliseconds = 500;

let current: AbortSignal | undefined;

/** The signal of the command that is running, for what lies too deep to be handed it: git, downloads, waiting for locks. */
export function stopSignal(): AbortSignal | undefined {
  return current;
}

/**
 * Runs a command. SIGINT, SIGTERM and SIGHUP abort its signal; a second one ends the program at once.
 *
 * @param task the command; gives its exit code
 * @param failed called with an error of the command's own; gives the exit code
 * @param complain called with a word when the command was ended by a signal
 * @returns the exit code: 130 after SIGINT (Ctrl-C), 143 after SIGTERM, 129 after SIGHUP
 */
export async function untilInterrupted(
  task: (signal: AbortSignal) => Promise<number>,
  failed: (error: unknown) => number,
  complain: (line: string) => void,
): Promise<number> {
  const stop = new AbortController();
  // Every use of git listens, and there are many: no leak to be warned of.
  setMaxListeners(0, stop.signal);
  let first: { name: Name; time: number } | undefined;
  const handlers = (Object.keys(exitCodes) as Name[]).map((name) => {
    const handler = (): void => {
      if (!first) {
        first = { name, time: performance.now() };
        stop.abort();
      } else if (performance.now() - first.time > echoMilliseconds) process.exit(exitCodes[first.name]);
    };
    return { name, handler };
  });
  for (const { name, handler } of handlers) process.on(name, handler);
  const outer = current;
  current = stop.signal;
  const interruption = (): Name | undefined => first?.name;
  try {
    const code = await task(stop.signal);
    const by = interruption();
    return by ? exitCodes[by] : code;
  } catch (error) {
    const by = interruption();
    if (!by) return failed(error);
    complain(by === "SIGINT" ? "interrupted" : "terminated");
    return exitCodes[by];
  } finally {
    current = outer;
    for (const { name, handler } of handlers) process.off(name, handler);
  }
}
