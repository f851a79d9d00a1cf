import { hashText } from "./hash.ts";

/**
 * What tells a machine from one boot to the next. Machines that were copied have one id and may have one name, but not the same
 * network cards: of these only addresses count that a maker has given, since a virtual machine's are often all the same.
 *
 * @param cards addresses of network cards
 * @returns null where there is nothing of the kind
 */
export function machineOf(host: string, id: string | null, cards: readonly string[]): string | null {
  const given = cards.filter((address) => /^[0-9a-f]{2}:/.test(address) && (Number.parseInt(address.slice(0, 2), 16) & locallyGiven) === 0);
  return id === null || given.length === 0 ? null : short(host, id, ...given);
}

/** Bit of an address' first byte that says that no maker has given it. */
const locallyGiven = 2;

/** A short word for several. */
export function short(...parts: readonly string[]): string {
  return hashText(parts.join("\n")).slice(0, 12);
}
