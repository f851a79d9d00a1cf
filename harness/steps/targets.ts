import type { Build } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { type Device, findDevice, refuseWithoutDevices } from "./devices.ts";
import type { Target } from "./step.ts";
import { thisTarget } from "./target.ts";

/** What a sweep's cells shall run on. */
export interface TargetsAsked {
  threads: number;
  stallMinutes?: number | undefined;
  /** Names of devices: one, or several of one kind; none for the first that there is. */
  devices: readonly string[];
}

/**
 * What cells run on: a build, which need not be there for the keys that follow from it unless it has devices; of those one
 * target each.
 *
 * @throws UserError no such device; devices of different kinds
 */
export async function findTargets(build: Build, { threads, stallMinutes, devices }: TargetsAsked, signal: AbortSignal): Promise<[Target, ...Target[]]> {
  const [first, ...others] = devices;
  if (others.length > 0) refuseWithoutDevices(build.backend, `--devices ${devices.join(",")}`);
  const device = await findDevice(build, first, signal);
  const more: Device[] = [];
  for (const name of others) more.push((await findDevice(build, name, signal))!);
  if (device) refuseOtherKinds(device, more);
  const target = await thisTarget(build, threads, signal, { stallMinutes, device });
  return [target, ...more.map((other) => ({ ...target, device: other }))];
}

function refuseOtherKinds(first: Device, others: readonly Device[]): void {
  for (const [index, other] of others.entries()) {
    if ([first, ...others.slice(0, index)].some(({ asked }) => asked === other.asked)) throw new UserError(`--devices: ${other.asked} is given twice; give each once`);
    if (other.line !== first.line || other.driver !== first.driver) throw new UserError(`--devices: ${first.asked} is ${kindOf(first)}, ${other.asked} is ${kindOf(other)}; figures of different devices do not belong in one study: give devices of one kind`);
  }
}

function kindOf({ line, driver }: Device): string {
  return `${line}${driver === null ? "" : `, driver ${driver}`}`;
}
