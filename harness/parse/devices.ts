/** A device as `--list-devices` prints it. */
export interface ListedDevice {
  name: string;
  description: string;
  totalBytes: number;
  freeBytes: number;
  /** What its backend prints of it (precision, integer dot products, matrix cores, …), without its number; the description where that says nothing. */
  line: string;
}

const mebi = 2 ** 20;

/** The devices that llama-bench lists. @param output stdout with the list, and stderr with what the backends print while they start */
export function parseDevices({ stdout, stderr }: { stdout: string; stderr: string }): ListedDevice[] {
  return [...stdout.matchAll(/^ {2}(\S+): (.*) \((\d+) MiB, (\d+) MiB free\)$/gm)].map(([, name = "", description = "", total, free]) => ({
    name, description, totalBytes: mebi * Number(total), freeBytes: mebi * Number(free), line: lineOf(name, stderr) ?? description,
  }));
}

/** By the name that a device begins with: what its backend's lines look like, with the number of the device if there is one. */
const lines: readonly { device: RegExp; line: RegExp }[] = [
  { device: /^Vulkan(\d+)$/, line: /^ggml_vulkan: (\d+) = (.+)$/gm },
  { device: /^(?:CUDA|ROCm|MUSA)(\d+)$/, line: /^ {2}Device (\d+): (.+)$/gm },
  { device: /^MTL(\d*)/, line: /^ggml_metal_device_init: ()((?:GPU|simdgroup|has) .+)$/gm },
];

/** @returns null where the backend prints nothing that is known */
function lineOf(name: string, stderr: string): string | null {
  for (const { device, line } of lines) {
    const number = device.exec(name)?.[1];
    if (number === undefined) continue;
    const found = [...stderr.matchAll(line)].filter(([, of]) => of === "" || of === number).map(([, , text]) => text!.trim().replace(/\s+/g, " "));
    if (found.length > 0) return found.join("; ");
  }
  return null;
}

/** Why a backend did not start, in its words; null where it says nothing of that. */
export function startFault({ stderr }: { stderr: string }): string | null {
  return /failed to initialize (?:CUDA|ROCm|MUSA): .+/.exec(stderr)?.[0].trim() ?? null;
}

/** Layers of a model that a program says it computes on a device, and how many there are; null as long as it has not said it. */
export function offloadedLayers(output: string): { offloaded: number; layers: number } | null {
  const [, offloaded, layers] = /offloaded (\d+)\/(\d+) layers/.exec(output) ?? [];
  return layers === undefined ? null : { offloaded: Number(offloaded), layers: Number(layers) };
}

/** The version of a Vulkan driver, as `vulkaninfo --summary` has it for a device of that name; null where it has none. */
export function vulkanDriver(summary: string, description: string): string | null {
  const block = summary.split(/^GPU\d+:$/m).find((text) => new RegExp(`^\\s*deviceName\\s*= (.*)$`, "m").exec(text)?.[1]?.trim() === description);
  if (block === undefined) return null;
  const said = ["driverName", "driverInfo", "driverVersion"].flatMap((field) => new RegExp(`^\\s*${field}\\s*= (.+)$`, "m").exec(block)?.[1]?.trim() ?? []);
  return said.length === 0 ? null : [...new Set(said)].join(" ");
}

/** The version of a SYCL driver, as `sycl-ls` has it behind a device of that name (`[level_zero:gpu] … Arc A770 … [1.3.29735]`); null where it has none. */
export function syclDriver(listed: string, description: string): string | null {
  const line = listed.split("\n").find((text) => text.includes(description));
  return /\[([\d.]+[^[\]]*)\]\s*$/.exec(line ?? "")?.[1] ?? null;
}
