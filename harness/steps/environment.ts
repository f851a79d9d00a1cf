// By default OpenMP's threads spin for milliseconds at each of the many barriers of a small model. On
// a busy machine that is time taken from the thread they wait for: a run takes ten times as long.
const spinCount = "1000";

/**
 * Environment of a cell's child processes on top of this program's own: the cell's pablo.conf or
 * none, and none of the variables by which llama.cpp would take options, or its backends compute otherwise, that are not
 * in the key.
 *
 * @param conf absolute path of the cell's pablo.conf; null when the library has no part in the cell
 * @param own the environment that children would inherit
 */
export function childEnvironment(conf: string | null, own: NodeJS.ProcessEnv = process.env): Record<string, string | undefined> {
  const taken = Object.keys(own).filter((name) => /^(?:LLAMA|GGML)_/.test(name));
  return { ...Object.fromEntries(taken.map((name) => [name, undefined])), PABLO_CONF: conf ?? undefined, GOMP_SPINCOUNT: own.GOMP_SPINCOUNT ?? spinCount };
}
