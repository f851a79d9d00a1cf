/**
 * Environment of a cell's child processes on top of this program's own: the cell's pablo.conf or
 * none, and none of the variables by which llama.cpp would take options that are not in the key.
 *
 * @param conf absolute path of the cell's pablo.conf; null when the library has no part in the cell
 * @param own the environment that children would inherit
 */
export function childEnvironment(conf: string | null, own: NodeJS.ProcessEnv = process.env): Record<string, string | undefined> {
  const taken = Object.keys(own).filter((name) => name.startsWith("LLAMA_"));
  return { ...Object.fromEntries(taken.map((name) => [name, undefined])), PABLO_CONF: conf ?? undefined };
}
