import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe } from "vitest";
import { findToolchain } from "../../harness/build/toolchain.ts";
import { run } from "../../harness/process/run.ts";
import { withScratch } from "../../harness/scratch.ts";
import { sanitized, sanitizerFlags, type Sanitizer } from "./flavours.ts";
import { programTests } from "./programs.ts";

// Two threads that write to one variable, or a read behind an array's end: what the sanitizer must find.
const faults: Record<Sanitizer, string> = {
  "address,undefined": "int main(int argc, char **) { int array[4] = {}; return array[argc + 3]; }",
  thread: "#include <thread>\nint shared;\nint main() { std::thread other([] { ++shared; }); ++shared; other.join(); return 0; }",
};

/** Whether this compiler's sanitizer works here: a sound program passes, a faulty one is stopped. */
async function works(sanitizer: Sanitizer): Promise<boolean> {
  return withScratch(tmpdir(), "quantflex-probe", async (folder) => {
    const compileAndRun = async (source: string): Promise<boolean> => {
      const [file, program] = [path.join(folder, "probe.cpp"), path.join(folder, "probe")];
      await writeFile(file, `${source}\n`);
      const { cxx } = await findToolchain();
      await run(cxx, [...sanitizerFlags(sanitizer), "-pthread", file, "-o", program]);
      return run(program, []).then(() => true, () => false);
    };
    return (await compileAndRun("int main() { return 0; }")) && !(await compileAndRun(faults[sanitizer]));
  }).catch(() => false);
}

for (const sanitizer of ["address,undefined", "thread"] as const) {
  const reason = (await works(sanitizer)) ? "" : " (this compiler's does not work here)";
  describe.skipIf(reason)(`under -fsanitize=${sanitizer}${reason}`, () => programTests(sanitized(sanitizer)));
}
