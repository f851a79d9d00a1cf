import { readFile } from "node:fs/promises";
import { arch, cpus } from "node:os";
import { hashText } from "../hash.ts";
import { run } from "../process/run.ts";

/** The processor, as far as a build for it (GGML_NATIVE) depends on it. */
export interface Cpu {
  /** For people: model name and a short hash of the features. */
  description: string;
  /** Architecture and instruction set extensions, in a fixed order. */
  features: string;
}

/** Reads the processor's features from /proc/cpuinfo, or on macOS from sysctl. */
export async function readCpu(): Promise<Cpu> {
  const words = process.platform === "darwin" ? await appleFeatures() : await linuxFeatures();
  const features = `${arch()} ${[...new Set(words)].sort().join(" ")}`;
  const model = cpus()[0]?.model.trim() || arch();
  return { features, description: `${model} (features ${hashText(features).slice(0, 8)})` };
}

async function linuxFeatures(): Promise<string[]> {
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  // "flags" on x86, "Features" on Arm; "isa" on RISC-V.
  const line = /^(?:flags|Features|isa)\s*:\s*(.*)$/m.exec(text);
  return line?.[1]?.split(/\s+/).filter(Boolean) ?? [];
}

async function appleFeatures(): Promise<string[]> {
  const { stdout } = await run("sysctl", ["machdep.cpu", "hw.optional"]).catch(() => ({ stdout: "" }));
  return stdout
    .split("\n")
    .filter((line) => /^(hw\.optional\..*: 1|machdep\.cpu\.(features|leaf7_features|brand_string):.*)$/.test(line))
    .map((line) => line.replace(/\s+/g, "_"));
}
