import { access, constants } from "node:fs/promises";
import os from "node:os";
import prettyBytes from "pretty-bytes";
import { readCpu } from "../build/cpu.ts";
import { refuseNoexec } from "../build/executable.ts";
import { freeBytes } from "../fileError.ts";
import { cacheFolder, ensureCache } from "../paths.ts";
import { memoryThere } from "../memory.ts";
import { type Finding, good, missing, optional } from "./finding.ts";

/** A source tree with its builds of both variants, and a small study: what is needed, and what leaves no room for more. */
const diskBytes = { least: 1e9, enough: 5e9 };
/** Bytes that compilers need, side by side on two processors. */
const memoryBytes = { least: 1e9, enough: 3e9 };

/** Processor, memory, and the folder where everything is kept. */
export async function lookAtMachine(): Promise<Finding[]> {
  return [await lookAtProcessor(), lookAtMemory(), await lookAtCache(), lookAtDisk()];
}

/** Extensions that upstream's fast kernels are made of, in the order of their worth. */
const fast = ["amx_int8", "avx512_vnni", "avx512f", "avx_vnni", "avx2", "fma", "f16c", "sve", "i8mm", "asimddp", "asimd"];

async function lookAtProcessor(): Promise<Finding> {
  const { features } = await readCpu();
  const [, ...words] = features.split(" ");
  const found = `${os.cpus()[0]?.model.trim() || os.arch()}, ${os.availableParallelism()} processors`;
  const named = fast.filter((feature) => words.includes(feature));
  const isFast = os.arch() !== "x64" || words.length === 0 || words.includes("avx2") || process.platform === "darwin";
  return isFast ? good("processor", `${found}${named.length > 0 ? `: ${named.join(", ")}` : ""}`) : optional("processor", `${found}, without AVX2: llama.cpp runs several times slower`, "run on a machine with AVX2");
}

function lookAtMemory(): Finding {
  const bytes = memoryThere();
  const found = `${prettyBytes(bytes)}, ${prettyBytes(Math.min(os.freemem(), bytes))} free`;
  if (bytes < memoryBytes.least) return missing("memory", found, `run where there are ${prettyBytes(memoryBytes.least)} at least`);
  return bytes < memoryBytes.enough ? optional("memory", `${found}: compilers may run out of it`, `run where there are ${prettyBytes(memoryBytes.enough)}`) : good("memory", found);
}

async function lookAtCache(): Promise<Finding> {
  const folder = cacheFolder();
  const way = "give another folder in QUANTFLEX_CACHE";
  try {
    ensureCache();
    await access(folder, constants.W_OK);
    refuseNoexec(folder);
    return good("cache", folder);
  } catch (error) {
    return missing("cache", `${folder} will not do: ${(error as Error).message}`, way);
  }
}

function lookAtDisk(): Finding {
  const free = freeBytes(cacheFolder());
  if (free === null) return optional("disk", "how much is free cannot be told", "look yourself");
  const found = `${prettyBytes(free)} free for ${cacheFolder()}`;
  const way = `make room, or give another folder in QUANTFLEX_CACHE`;
  if (free < diskBytes.least) return missing("disk", found, way);
  return free < diskBytes.enough ? optional("disk", `${found}: enough for the demo models`, way) : good("disk", found);
}
