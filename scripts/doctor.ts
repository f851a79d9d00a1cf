import { command } from "./command.ts";

await command("doctor");
