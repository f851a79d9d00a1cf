import { UserError } from "../errors.ts";
import { offloadedLayers } from "../parse/devices.ts";
import { ProcessError } from "../process/processError.ts";
import { ComputedElsewhere } from "../steps/computedElsewhere.ts";
import type { Device } from "../steps/devices.ts";

/** Longer than the line that is waited for. */
const lineLength = 1000;

/**
 * Listens whether a program computes all layers of a model on the device.
 *
 * @param program its name, for messages
 */
export function watchLayers(device: Device, program: string): { onText(text: string, stream: "stdout" | "stderr"): void; ended(): void } {
  const tails = { stdout: "", stderr: "" };
  let isWhole = false;
  return {
    /** @throws ComputedElsewhere as soon as it says that it does not */
    onText(text, stream) {
      if (isWhole) return;
      tails[stream] = (tails[stream] + text).slice(-lineLength - text.length);
      const said = offloadedLayers(tails[stream]);
      if (!said) return;
      if (said.offloaded < said.layers) throw new ComputedElsewhere(`${program} computed ${said.offloaded} of ${said.layers} layers on ${device.asked}, the others on the processor: what it found is thrown away; take a smaller model, or a device with more memory`);
      isWhole = true;
    },
    /** @throws ComputedElsewhere when it has never said it */
    ended() {
      if (!isWhole) throw new ComputedElsewhere(`${program} did not say that it computed the model on ${device.asked}: what it found is thrown away`);
    },
  };
}

const faults: readonly { pattern: RegExp; says(device: Device): string }[] = [
  {
    pattern: /^.*(?:out of (?:device )?memory|OutOfDeviceMemory|Device memory allocation of size \d+ failed|failed to allocate \S+ buffer|unable to allocate \S+ buffer).*$/im,
    says: ({ asked }) => `${asked} has not memory enough; take a smaller batch in a copy of the study, a smaller model, or a device with more`,
  },
  { pattern: /^.*(?:ErrorDeviceLost|device (?:is )?lost|VK_ERROR_DEVICE_LOST|CUDA error|ROCm error|Remote RPC server crashed|Failed to connect to \S+:\d+|no ICD|failed to find RPC).*$/im, says: ({ asked }) => `${asked} went away while it was computing; what was whole by then is kept, and npm run sweep goes on behind it` },
  { pattern: /^.*invalid device: .*$/im, says: ({ asked }) => `${asked} is not there any more` },
];

/** What a program's error says about the device, in a line with the way out; the error itself where it is about something else. */
export function deviceFaultOr(error: unknown, device: Device): unknown {
  if (!(error instanceof ProcessError)) return error;
  // A program that writes to a server that has ended is ended by the system itself, without a word.
  const said = device.server !== undefined && /ended by SIGPIPE/.test(error.reason) ? `${error.output}\nRemote RPC server crashed: SIGPIPE` : error.output;
  for (const { pattern, says } of faults) {
    const [line] = pattern.exec(said) ?? [];
    if (line !== undefined) return new UserError(`device ${says(device)} (${line.trim().slice(0, 200)})`, { cause: error });
  }
  return error;
}
