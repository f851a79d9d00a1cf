import { type BackendName, backends } from "../build/backends.ts";
import { lookForTools } from "../build/backendTools.ts";
import { wayTo } from "../build/flavour.ts";
import { type Finding, good, missing } from "./finding.ts";

/** What a backend is built with; nothing is compiled. */
export async function lookAtBackend(name: BackendName, signal: AbortSignal): Promise<Finding[]> {
  const { platform } = backends[name];
  if (platform !== undefined && process.platform !== platform) return [missing(`backend ${name}`, `not on ${process.platform}`, "give another --backend")];
  return (await lookForTools(name, signal)).map(({ tool, version, fault }) => (fault === null ? good(tool.name, version!) : missing(tool.name, fault, wayTo(name))));
}
