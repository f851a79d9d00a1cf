import type { Flavour } from "../../harness/build/flavour.ts";
import { which } from "../../harness/process/which.ts";

/** Checks that compilers can put into a program. */
export type Sanitizer = "address,undefined" | "thread";

/** What a compiler needs to be told for a sanitizer: every fault ends the program. */
export function sanitizerFlags(sanitizer: Sanitizer): string[] {
  const fatal = sanitizer === "thread" ? [] : ["-fno-sanitize-recover=all"];
  return [`-fsanitize=${sanitizer}`, ...fatal, "-fno-omit-frame-pointer"];
}

/** Options of builds that are for the library's tests alone: assertions stay on, and what compiles long and is not tested here is left out. */
function options(optimize: string): Record<string, string> {
  return { GGML_LLAMAFILE: "OFF", CMAKE_C_FLAGS_RELEASE: optimize, CMAKE_CXX_FLAGS_RELEASE: optimize };
}

/**
 * Builds that a sanitizer watches. They use no OpenMP, whose synchronization thread sanitizer cannot
 * see: it would report races that are none.
 */
export function sanitized(sanitizer: Sanitizer): Flavour {
  const flags = sanitizerFlags(sanitizer).join(" ");
  return {
    options: {
      // Stack traces have lines.
      ...options("-O1 -g1"),
      CMAKE_C_FLAGS: flags,
      CMAKE_CXX_FLAGS: flags,
      CMAKE_EXE_LINKER_FLAGS: flags,
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
      ...options("-O2"),
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
  return { options: { ...options("-O2"), GGML_NATIVE: "OFF", ...(Object.fromEntries(chosen) as Record<string, string>) } };
}
