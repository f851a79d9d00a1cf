import type { Build } from "../../build/build.ts";
import type { BackendName } from "../../build/backends.ts";
import { UserError } from "../../errors.ts";
import type { Release } from "../../upstream/releases.ts";

/** Stands for a build of which no more is known than its release: no record's key follows from it. */
export function unmadeBuild({ tag, lacks }: Release, backend: BackendName): Build {
  const unknown = "not known before it is built";
  return {
    variant: "patched", release: tag, key: unknown, folder: unknown, tree: unknown, libraryHash: unknown, compiler: unknown, cmakeFlags: [], cpu: unknown, features: unknown, backend, tools: null,
    supports: (feature) => !lacks?.includes(feature),
    binary(name) {
      throw new UserError(`${name} is not built yet`);
    },
  };
}
