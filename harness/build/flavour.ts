import type { Toolchain } from "./toolchain.ts";

/** How a build differs from a study's: by more CMake options, and maybe other compilers. */
export interface Flavour {
  /** Added to the options of every build, name → value. */
  options: Record<string, string>;
  /** This machine's compilers by default. */
  compilers?: Pick<Toolchain, "c" | "cxx">;
}
