import type { Target } from "../../steps/step.ts";

/** What simulated nodes have: no program of it is ever run. */
export function simulatedTarget(): Target {
  const none = "simulated";
  return {
    threads: "16", memory: 1e9, xz: none,
    build: {
      variant: "patched", backend: "native", release: none, key: "0".repeat(64), folder: none, tree: none, libraryHash: none, compiler: none, cmakeFlags: [], cpu: none, features: none, tools: null,
      supports: () => true, binary: (name) => name,
    },
  };
}
