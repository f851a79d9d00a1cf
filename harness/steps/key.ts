import { type KeyInputs, stepKey } from "../store/record.ts";
import type { Device } from "./devices.ts";
import type { AnyStep, Role, Target } from "./step.ts";

const paths = new Proxy({}, { get: (_roles, role) => `{${String(role)}}` }) as Record<Role, string>;

/**
 * Everything that determines what a step gives. The number of threads does not: neither codes nor likelihoods nor
 * importances depend on it (test/integration/threads.test.ts).
 *
 * @param inputs of each role that it needs: the SHA-256 of a file, or the key of the step that makes it
 */
export function keyInputs(step: AnyStep, config: object, inputs: Record<Role, string>, on: Target): KeyInputs {
  return {
    step: step.name,
    version: step.version,
    argv: step.argv(config, paths, { ...on, threads: "{threads}", ...(on.device && { device: nameless(on.device) }) }),
    config: config as Record<string, unknown>,
    facts: step.facts(on),
    inputs,
  };
}

/** Devices of one kind are alike, whatever they are called: a step's facts say of which kind one is. */
function nameless({ server, ...device }: Device): Device {
  return { ...device, name: "{device}", ...(server !== undefined && { server: "{server}" }) };
}

/** The key of a step under these inputs. */
export function keyOf(step: AnyStep, config: object, inputs: Record<Role, string>, on: Target): string {
  return stepKey(keyInputs(step, config, inputs, on));
}
