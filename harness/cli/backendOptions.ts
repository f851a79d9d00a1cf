import { type Command, Option } from "commander";
import { type BackendName, backendNames } from "../study/backendNames.ts";

/** What these options give. */
export interface BackendOptions {
  backend?: BackendName;
  device?: string;
}

/** Adds the options that say what llama.cpp is built for, and what models are computed on. */
export function backendOptions(command: Command): Command {
  return command
    .addOption(new Option("--backend <name>", "what llama.cpp is built for (default: the study's, else QUANTFLEX_BACKEND, else native: this machine's processor)").choices(backendNames))
    .option("--device <name>", "device that models are computed on, of the backend; with rpc HOST:PORT (default: the study's, else the first that there is)");
}
