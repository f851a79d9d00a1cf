import type { BackendName } from "../build/backends.ts";
import { lookForTools } from "../build/backendTools.ts";
import { type Cpu, readCpu } from "../build/cpu.ts";
import { anotherThan, otherSystemOf, wayTo } from "../build/flavour.ts";
import { portableLevel } from "../build/portable.ts";
import { UserError } from "../errors.ts";
import { type Finding, good, missing } from "./finding.ts";

/**
 * What a backend is built with, and whether this machine can run what is built for it; nothing is compiled.
 *
 * @param processor reads this machine's
 */
export async function lookAtBackend(name: BackendName, signal: AbortSignal, processor: () => Promise<Cpu> = readCpu): Promise<Finding[]> {
  const onlySystem = otherSystemOf(name);
  if (onlySystem !== null) return [missing(`backend ${name}`, `there on ${onlySystem} alone`, anotherThan(name))];
  if (name === "portable") return [lookAtLevel(await processor())];
  return (await lookForTools(name, signal)).map(({ tool, version, fault }) => (fault === null ? good(tool.name, version!) : missing(tool.name, fault, wayTo(name, { version }))));
}

/** Whether a processor has the level of instructions that a portable build is for. */
function lookAtLevel(cpu: Cpu): Finding {
  const of = "portable build";
  try {
    const { name, lacking } = portableLevel(cpu);
    if (lacking.length > 0) return missing(of, `for ${name}, of which ${cpu.description} lacks ${lacking.join(", ")}`, "give --backend native");
    return good(of, `for ${name}, of which ${cpu.description} lacks nothing`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return missing(of, error.message, "give --backend native");
  }
}
