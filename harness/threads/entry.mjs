// What a thread starts with. Not TypeScript: in a thread nothing reads that before this has said so.
import { register } from "tsx/esm/api";

register();

/** Runs the function `name` that `module`, a file's URL, exports. */
export default async function runTask({ module, name, input }) {
  return (await import(module))[name](input);
}
