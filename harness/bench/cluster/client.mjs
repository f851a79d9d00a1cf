/** A command of a simulated cluster's: says what the daemon does. Arguments: path of its socket, the command, its arguments. */
import { connect } from "node:net";
import { text } from "node:stream/consumers";

const [socket, ...call] = process.argv.slice(2);
const connection = connect(socket);
connection.end(JSON.stringify(call));
const { code, stdout, stderr } = JSON.parse(await text(connection));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = code;
