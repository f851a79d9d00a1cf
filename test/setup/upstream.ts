import { buildFor } from "./buildFor.ts";

/** Before tests that compare with upstream's build. */
export default (): Promise<void> => buildFor("upstream");
