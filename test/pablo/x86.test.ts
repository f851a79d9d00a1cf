import { describe } from "vitest";
import { readCpu } from "../../harness/build/cpu.ts";
import { onX86 } from "./flavours.ts";
import { programTests } from "./programs.ts";

const present = (await readCpu()).features.split(" ");
// What a processor of this machine's kind has beyond these is tested with its own build.
const builds = [
  { name: "SSE 4.2", options: ["SSE42"], needs: ["sse4_2"] },
  { name: "AVX2", options: ["SSE42", "AVX", "AVX2", "FMA", "F16C", "BMI2"], needs: ["avx2", "fma", "f16c", "bmi2"] },
  { name: "AVX-512 without VNNI", options: ["SSE42", "AVX", "AVX2", "FMA", "F16C", "BMI2", "AVX512"], needs: ["avx512f", "avx512cd", "avx512vl", "avx512dq", "avx512bw"] },
];

for (const { name, options, needs } of builds) {
  const missing = needs.filter((flag) => !present.includes(flag));
  const reason = missing.length > 0 ? ` (this processor is not known to have ${missing.join(", ")})` : "";
  describe.skipIf(reason)(`on x86, ${name}${reason}`, () => programTests(onX86(options)));
}
