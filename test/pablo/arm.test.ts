import { describe } from "vitest";
import { which } from "../../harness/process/which.ts";
import { crossCompiledForArm } from "./flavours.ts";
import { programTests } from "./programs.ts";

const emulator = which("qemu-aarch64", "qemu-aarch64-static");

for (const architecture of ["armv8-a", "armv8.2-a+dotprod"]) {
  const flavour = crossCompiledForArm(architecture);
  const missing = [...(flavour ? [] : ["aarch64-linux-gnu-g++"]), ...(emulator ? [] : ["qemu-aarch64"])];
  const reason = missing.length > 0 ? ` (not on the PATH: ${missing.join(", ")})` : "";
  describe.skipIf(reason)(`on Arm, ${architecture}${reason}`, () => programTests(flavour, emulator));
}
