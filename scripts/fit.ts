import { command } from "./command.ts";

await command("fit");
