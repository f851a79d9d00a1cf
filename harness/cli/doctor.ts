import { type Command, Option } from "commander";
import { alignedTable } from "../alignedTable.ts";
import { askedBackend } from "../build/askedBackend.ts";
import { type BackendName, backendNames } from "../study/backendNames.ts";
import { lookAtBackend } from "../doctor/backend.ts";
import type { Finding } from "../doctor/finding.ts";
import { lookAtMachine } from "../doctor/machine.ts";
import { lookAtPrograms } from "../doctor/programs.ts";
import { lookAtUpstream } from "../doctor/upstream.ts";
import { type CommandIo, exitCodes } from "./io.ts";

const verdicts: Record<Finding["verdict"], string> = { good: "ok", optional: "could be", missing: "MISSING" };

/** Adds `doctor`: whether everything that sweeps need is there. */
export function addDoctorCommand(program: Command, io: CommandIo): void {
  program
    .command("doctor")
    .description("look for all that sweeps need, and name the command that mends what is missing; exit code 1 if something needed is")
    .option("--json", "what was found as JSON")
    .addOption(new Option("--backend <name>", "what llama.cpp is to be built for, with what that needs besides (default: QUANTFLEX_BACKEND, else native)").choices(backendNames))
    .action(async ({ json = false, backend: given }: { json?: boolean; backend?: BackendName }) => {
      const backend = askedBackend(given);
      const programs = [...(await lookAtPrograms(io.signal)), ...(await lookAtBackend(backend, io.signal))];
      const machine = await lookAtMachine();
      // Without these nothing can be said of it.
      const canLook = programs.every(({ verdict }) => verdict !== "missing") && machine.every(({ verdict }) => verdict !== "missing");
      const found = [...programs, ...machine, ...(canLook ? await lookAtUpstream(backend, io.signal) : [])];
      if (json) io.print(JSON.stringify(found, null, 1));
      else {
        io.print(alignedTable(found.map(({ of, verdict, found: what }) => [of, verdicts[verdict], what]), () => false));
        for (const { of, remedy } of found) if (remedy !== null) io.print(`${of}: ${remedy}`);
      }
      const lacking = found.filter(({ verdict }) => verdict === "missing");
      if (lacking.length === 0) return;
      io.complain(`error: ${lacking.map(({ of }) => of).join(", ")} will not do`);
      io.exit(exitCodes.failed);
    });
}
