import type { Target } from "../../harness/steps/step.ts";
import type { Feature } from "../../harness/upstream/releases.ts";

/** A target whose programs are never run. */
export function paperTarget(lacks: readonly Feature[] = [], facts: Partial<Target["build"]> = {}): Target {
  return {
    threads: "3",
    memory: 1e9,
    xz: "xz 5",
    build: {
      variant: "patched", release: "b0", key: "0".repeat(64), folder: "/nowhere", tree: "tree", libraryHash: "library", compiler: "compiler",
      cmakeFlags: ["-DA=1"], cpu: "processor", features: "x64 avx2", backend: "native", tools: null, supports: (feature) => !lacks.includes(feature),
      binary: (name) => `/nowhere/${name}`,
      ...facts,
    },
  };
}
