import { arch } from "node:os";
import { UserError } from "../errors.ts";
import type { Cpu } from "./cpu.ts";

/** What a processor must have for a build for others than itself, and how that is asked of CMake. */
interface Level {
  /** For people, with the processors that have it. */
  name: string;
  features: readonly string[];
  options: Record<string, string>;
}

const levels: Partial<Record<NodeJS.Architecture, Level>> = {
  x64: {
    name: "x86-64-v3 (Intel's processors from Haswell on, AMD's from Zen on)",
    features: ["avx", "avx2", "bmi2", "f16c", "fma", "sse4_2"],
    options: { GGML_SSE42: "ON", GGML_AVX: "ON", GGML_AVX2: "ON", GGML_BMI2: "ON", GGML_FMA: "ON", GGML_F16C: "ON" },
  },
  arm64: {
    name: "Armv8.2 with dot products (from Cortex-A75, Neoverse N1 and Apple's A13 on)",
    features: ["asimddp", "asimdhp"],
    options: { GGML_CPU_ARM_ARCH: "armv8.2-a+dotprod+fp16" },
  },
};

/** CMake's options of such a build. @throws UserError on other architectures than x64 and arm64 */
export function portableOptions(): Record<string, string> {
  return { GGML_NATIVE: "OFF", ...level().options };
}

/**
 * This processor, as far as such a build depends on it: not beyond what every processor that runs it has, so that its
 * figures, and their keys, are the same on all of them.
 *
 * @throws UserError naming what this processor lacks
 */
export function portableCpu({ features, description }: Cpu): Cpu {
  const { features: needed } = level();
  const { lacking } = portableLevel({ features });
  if (lacking.length > 0) throw new UserError(`--backend portable makes programs for processors with ${needed.join(", ")}, of which ${description} lacks ${lacking.join(", ")}; give --backend native`);
  return { description, features: `${arch()} ${needed.join(" ")}` };
}

/**
 * The level of instructions that such a build is for, and what of it a processor lacks, as far as the system tells.
 *
 * @throws UserError on other architectures than x64 and arm64
 */
export function portableLevel({ features }: Pick<Cpu, "features">): { name: string; lacking: string[] } {
  const { name, features: needed } = level();
  const has = features.split(" ");
  return { name, lacking: process.platform === "linux" ? needed.filter((feature) => !has.includes(feature)) : [] };
}

function level(): Level {
  const known = levels[arch() as NodeJS.Architecture];
  if (!known) throw new UserError(`--backend portable is there for ${Object.keys(levels).join(" and ")}, not for ${arch()}; give --backend native`);
  return known;
}
