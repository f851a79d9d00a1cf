import type { Flavour } from "../../harness/build/flavour.ts";
import { which } from "../../harness/process/which.ts";

/** Checks that compilers can put into a program. */
export type Sanitizer = "address,undefined" | "thread";

/** What a compiler needs to be told for a sanitizer: every fault ends the program. */
export function sanitizerFlags(sanitizer: Sanitizer): string[] {
  const fatal = sanitizer === "thread" ? [] : ["-fno-sanitize-recover=all"];
  return [`-fsanitize=${sanitizer}`, ...fatal, "-fno-omit-frame-pointer"];
}

/**
 * Builds that a sanitizer watches. They use no OpenMP, whose synchronization thread sanitizer cannot
 * see: it would report races that are none.
 */
export function sanitized(sanitizer: Sanitizer): Flavour {
  const flags = sanitizerFlags(sanitizer).join(" ");
  return {
    options: {
      CMAKE_C_FLAGS: flags,
      CMAKE_CXX_FLAGS: flags,
      CMAKE_EXE_LINKER_FLAGS: flags,
      // Assertions stay on, and stack traces have lines.
      CMAKE_C_FLAGS_RELEASE: "-O1 -g1",
      CMAKE_CXX_FLAGS_RELEASE: "-O1 -g1",
      GGML_OPENMP: "OFF",
    },
  };
}

/**
 * Static programs for 64-bit Arm Linux, made by the cross compiler of Debian's g++-aarch64-linux-gnu.
 *
 * @param architecture as for `-march`, such as `armv8.2-a+dotprod`
 * @returns undefined where that compiler is not on the PATH
 */
export function crossCompiledForArm(architecture: string): Flavour | undefined {
  const [c, cxx] = [which("aarch64-linux-gnu-gcc"), which("aarch64-linux-gnu-g++")];
  if (!c || !cxx) return undefined;
  return {
    compilers: { c, cxx },
    options: {
      CMAKE_SYSTEM_NAME: "Linux",
      CMAKE_SYSTEM_PROCESSOR: "aarch64",
      CMAKE_EXE_LINKER_FLAGS: "-static",
      GGML_NATIVE: "OFF",
      GGML_CPU_ARM_ARCH: architecture,
      GGML_OPENMP: "OFF",
    },
  };
}

const x86Options = ["SSE42", "AVX", "AVX2", "FMA", "F16C", "BMI2", "AVX512"];

/** Builds for x86 processors that have just these of upstream's `GGML_…` instruction sets. */
export function onX86(sets: readonly string[]): Flavour {
  const chosen = x86Options.map((set) => [`GGML_${set}`, sets.includes(set) ? "ON" : "OFF"]);
  return { options: { GGML_NATIVE: "OFF", ...Object.fromEntries(chosen) as Record<string, string> } };
}
