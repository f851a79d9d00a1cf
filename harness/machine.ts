import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { machineOf, short } from "./machineId.ts";

/** Where a process is, as far as others need that to judge whether it has ended. */
export interface Place {
  /** The host's name, which people see. Several machines may have it. */
  host: string;
  /** Of the boot and the PID namespace, within which a process number means one process; null where the system knows none. */
  namespace: string | null;
  /** Of the machine, from one boot to the next; null in a container, and where it cannot be told. */
  machine: string | null;
}

/** Link of /proc that the first PID namespace of a machine has, on every Linux. */
const firstNamespace = "pid:[4026531836]";

let here: Place | undefined;

/** Where this process is. */
export function thisPlace(): Place {
  return (here ??= look());
}

function look(): Place {
  const host = hostname();
  const namespace = told(() => readlinkSync("/proc/self/ns/pid"));
  if (namespace === null) return { host, namespace: null, machine: null };
  const id = told(() => readFileSync("/etc/machine-id", "utf8").trim().replace("uninitialized", ""));
  const boot = told(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  return {
    host,
    namespace: boot === null ? null : short(boot, namespace),
    machine: boot !== null && namespace === firstNamespace ? machineOf(host, id, networkCards()) : null,
  };
}

/** Addresses of this machine's own network cards. */
function networkCards(): string[] {
  const parent = "/sys/class/net";
  const names = told(() => readdirSync(parent).join("/"))?.split("/") ?? [];
  const cards = names.filter((name) => existsSync(path.join(parent, name, "device")));
  return cards.map((name) => told(() => readFileSync(path.join(parent, name, "address"), "utf8").trim()) ?? "").sort();
}

/** Null where the system does not tell, or tells nothing. */
function told(ask: () => string): string | null {
  try {
    return ask() || null;
  } catch {
    return null;
  }
}
