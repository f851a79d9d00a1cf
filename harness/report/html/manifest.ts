import type { Measured, Results } from "../load.ts";
import { deviceOf } from "../manifest.ts";

/** What somebody needs to run the study again, as terms and values. */
export function manifestRows({ plan }: Results): [term: string, value: string][] {
  const { model, text, parameters, build, machine, versions } = plan;
  return [
    ["started", plan.date],
    ["model", `${model.name}, ${model.bytes.toLocaleString("en")} bytes, SHA-256 ${model.sha256}`],
    ["text", `${text.name}, ${text.bytes.toLocaleString("en")} bytes, SHA-256 ${text.sha256}`],
    ...Object.entries(plan.options.calibrations).map(([name, { bytes, sha256 }]): [string, string] => ["calibration text", `${name}, ${bytes.toLocaleString("en")} bytes, SHA-256 ${sha256}`]),
    ...Object.entries(plan.options.files).map(([field, { name, bytes, sha256 }]): [string, string] => [field, `${name}, ${bytes.toLocaleString("en")} bytes, SHA-256 ${sha256}`]),
    ...Object.entries(plan.options.ready ?? {}).map(([cell, { bytes, sha256 }]): [string, string] => ["ready-made file", `${cell}, ${bytes.toLocaleString("en")} bytes, SHA-256 ${sha256}`]),
    ["parameters", Object.entries(parameters).map(([name, value]) => `${name} ${value ?? "all"}`).join(", ")],
    ["llama.cpp", `${build.release}, patched tree ${build.tree}`],
    ["library", build.libraryHash],
    ["build", build.key],
    ["compiler", build.compiler],
    ["flags", build.cmakeFlags.join(" ")],
    ...(build.backend ? [["backend", `${build.backend}${build.tools ? `, ${build.tools}` : ""}`] satisfies [string, string]] : []),
    ["CPU", build.cpu],
    ...(plan.device ? [["device", `${plan.device.names.join(", ")}: ${deviceOf(plan)}, ${(plan.device.memoryBytes / 2 ** 30).toFixed(1)} GiB`] satisfies [string, string]] : []),
    ["started on", `${machine.platform}, ${machine.cpuModel}, ${machine.processors} processors, ${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
    ["versions", Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ")],
  ];
}

/** A cell's pablo.conf and its commands, without this machine's paths. */
export function cellRun({ cell, record: { conf, steps } }: Measured): { name: string; text: string } {
  const commands = [...steps.values()].filter(({ argv }) => argv.length > 0).map(({ inputs }) => commandLine(inputs.argv));
  return { name: cell.name, text: [...(conf === null ? [] : ["pablo.conf:", conf.trimEnd(), ""]), ...commands].join("\n") };
}

/** Commands that run the study again, and make its reports again. */
export function againLines({ plan, folder }: Results): string {
  const [, command = "sweep", ...options] = plan.argv;
  const sweep = ["npm", "run", command, ...(options.length > 0 ? ["--", ...options] : [])];
  return [sweep, ["npm", "run", "report", "--", "--results", folder]].map(commandLine).join("\n");
}

function commandLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:=@%+,{}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
