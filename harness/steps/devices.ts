import { type BackendName, backends } from "../build/backends.ts";
import { type Build, listingProgram } from "../build/build.ts";
import { UserError } from "../errors.ts";
import { type ListedDevice, parseDevices, startFault } from "../parse/devices.ts";
import { ProcessError, run } from "../process/run.ts";
import { driverOf } from "./driver.ts";
import { childEnvironment } from "./environment.ts";

/** What models are computed on in place of the processor. */
export interface Device {
  /** Its name, as the build's programs take it. */
  name: string;
  /** As it was asked for: its name, or the address of an RPC server. */
  asked: string;
  /** What it is, by which devices of one kind are alike: what its backend says of it. */
  line: string;
  /** Version of its driver; null where nothing tells it. */
  driver: string | null;
  totalBytes: number;
  freeBytes: number;
  /** `HOST:PORT` of the RPC server that has it. */
  server?: string;
  /** Variables by which the programs see it. */
  environment?: Readonly<Record<string, string>>;
}

type Lister = Pick<Build, "binary" | "backend" | "release">;

/**
 * The devices that a build's programs see.
 *
 * @param more variables, or the server that has them
 * @throws UserError when the program fails or its backend does not start, as where there is no driver or one that is too old
 */
export async function listDevices(build: Lister, signal: AbortSignal, more: Pick<Device, "server" | "environment"> = {}): Promise<ListedDevice[]> {
  const argumentList = [...(more.server === undefined ? [] : ["--rpc", more.server]), "--list-devices"];
  const cannot = (why: string): UserError => new UserError(`--backend ${build.backend}: its devices cannot be listed on this machine (${why}); look at its driver, or give --backend native`);
  const output = await run(build.binary(listingProgram), argumentList, { env: { ...childEnvironment(null), ...more.environment }, signal }).catch((error: unknown) => {
    throw error instanceof ProcessError ? cannot(error.reason) : error;
  });
  const listed = parseDevices(output);
  const fault = listed.length === 0 ? startFault(output) : null;
  if (fault !== null) throw cannot(fault);
  return listed;
}

/**
 * The device by that name; the first that there is by default.
 *
 * @returns null for a build that computes on the processor
 * @throws UserError no such device, with those that there are; a device for a build that has none
 */
export async function findDevice(build: Lister, asked: string | undefined, signal: AbortSignal): Promise<Device | null> {
  const { backend } = build;
  refuseDevice(backend, asked);
  if (!backends[backend].hasDevices) return null;
  if (backend === "rpc") return findServer(build, asked, signal);
  const listed = await listDevices(build, signal);
  const found = asked === undefined ? listed[0] : listed.find(({ name }) => name === asked);
  if (found) return describe(backend, found, found.name, signal);
  const hidden = await findHidden(build, asked, signal);
  if (hidden) return hidden;
  if (listed.length === 0) throw new UserError(`${asked === undefined ? `--backend ${backend}` : `--device ${asked}`}: llama.cpp's ${backend} backend sees no device on this machine; look at its driver, or give --backend native`);
  throw new UserError(`--device ${asked}: there is no such device; there are ${shownDevices(listed)}`);
}

/** Whether a backend's devices are those of the machine that its programs run on. */
export function hasOwnDevices(backend: BackendName): boolean {
  return backends[backend].hasDevices && backend !== "rpc";
}

/** @throws UserError a device for a backend that has none; for a server none, or what is no address */
export function refuseDevice(backend: BackendName, asked: string | undefined): void {
  if (backend === "rpc") return void hostOf(asked);
  if (asked !== undefined && asked !== "none") refuseWithoutDevices(backend, `--device ${asked}`);
}

/** @param option what only a backend with devices can do. @throws UserError naming those that have some */
export function refuseWithoutDevices(backend: BackendName, option: string): void {
  if (backends[backend].hasDevices) return;
  throw new UserError(`${option}: a build for the backend ${backend} has no devices; give --backend ${Object.entries(backends).flatMap(([name, { hasDevices }]) => (hasDevices ? name : [])).join(", ")}`);
}

/** The host of an RPC server's address. @throws UserError what is no address */
function hostOf(asked: string | undefined): string {
  const [, host] = /^(.+):\d+$/.exec(asked ?? "") ?? [];
  if (host === undefined) throw new UserError(`--backend rpc wants --device HOST:PORT, of a ggml-rpc-server that runs${asked === undefined ? "" : `; ${asked} is none`}`);
  return host;
}

/** Devices, as messages name them. */
function shownDevices(listed: readonly ListedDevice[]): string {
  return listed.map(({ name, description }) => `${name} (${description})`).join(", ");
}

/** A device that is a processor in disguise, such as lavapipe, is taken only when it is named: upstream passes over it. */
async function findHidden(build: Lister, asked: string | undefined, signal: AbortSignal): Promise<Device | null> {
  const number = /^Vulkan(\d+)$/.exec(asked ?? "")?.[1];
  if (build.backend !== "vulkan" || number === undefined) return null;
  const environment = { GGML_VK_VISIBLE_DEVICES: number };
  const [found, ...others] = await listDevices(build, signal, { environment }).catch(() => []);
  return found && others.length === 0 ? { ...(await describe(build.backend, found, asked!, signal)), environment } : null;
}

/** Of what lies behind a server nothing is known but where it is: servers of one host count as of one kind. */
async function findServer(build: Lister, asked: string | undefined, signal: AbortSignal): Promise<Device> {
  const host = hostOf(asked);
  const [found] = await listDevices(build, signal, { server: asked! });
  if (!found) throw new UserError(`--device ${asked}: no ggml-rpc-server answers there; start one (ggml-rpc-server -H HOST -p PORT)`);
  return { ...(await describe("rpc", { ...found, line: `RPC server on ${host}` }, asked!, signal)), server: asked! };
}

async function describe(backend: BackendName, { name, description, line, totalBytes, freeBytes }: ListedDevice, asked: string, signal: AbortSignal): Promise<Device> {
  return { name, asked, line, driver: await driverOf(backend, description, signal), totalBytes, freeBytes };
}
