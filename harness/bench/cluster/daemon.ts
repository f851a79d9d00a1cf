/**
 * A program: the cluster that is simulated, for as long as its standard input is open. Arguments: path of the socket that its
 * commands speak to, number of nodes, and how many times faster than by the clock its time goes. Says what was called when asked
 * for `calls`.
 */
import { createServer } from "node:net";
import { fakeTask } from "./fakeTask.ts";
import { Simulator } from "./simulator.ts";
import { simulatedTarget } from "./simulatedTarget.ts";

const [socket = "", nodes = "", speed = ""] = process.argv.slice(2);
const now = (): number => performance.now() * Number(speed);
const on = simulatedTarget();

let seed = 1;
/** The same numbers every time (mulberry32). */
function random(): number {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

const simulator = new Simulator(Number(nodes), random, (task) => void fakeTask(task, on, Number(speed)));
setInterval(() => simulator.tick(now()), 100 / Number(speed));

function answer(request: string): { code: number; stdout: string; stderr: string } {
  const [program = "", ...argv] = JSON.parse(request) as string[];
  if (program === "calls") return { code: 0, stdout: JSON.stringify(simulator.calls), stderr: "" };
  try {
    return { code: 0, stdout: simulator.call(program, argv, now()), stderr: "" };
  } catch (error) {
    return { code: 1, stdout: "", stderr: `${(error as Error).message}\n` };
  }
}

const server = createServer({ allowHalfOpen: true }, (connection) => {
  let request = "";
  connection.setEncoding("utf8").on("data", (part: string) => (request += part)).on("end", () => connection.end(JSON.stringify(answer(request))));
});
server.listen(socket, () => process.stdout.write("ready\n"));
process.stdin.on("end", () => process.exit(0)).resume();
