import { command } from "./command.ts";

await command("report");
