/** A program for run.test.ts: starts a child that would live on, says its process id, and ends as its argument says. */
import { run } from "../../harness/process/run.ts";

const [ending] = process.argv.slice(2);
const child = run("sh", ["-c", "echo $$; exec sleep 60"], {
  onLine: (line) => {
    console.log(line);
    if (ending === "exit") process.exit(3);
    if (ending === "crash") setImmediate(() => { throw new Error("crash"); });
  },
});
await child.catch((error: Error) => console.log(error.name));
