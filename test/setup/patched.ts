import { buildFor } from "./buildFor.ts";

/** Before tests of the patched build. */
export default (): Promise<void> => buildFor("patched");
