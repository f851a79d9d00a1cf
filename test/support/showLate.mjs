// Loaded before a script: folders show files of others late, as on a shared file system that remembers what it looked up. LATE is
// which names, and for how many milliseconds from when they would have been seen.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [pattern, milliseconds] = (process.env.LATE ?? "").split(" ");
const late = new RegExp(pattern);
const seen = new Map();

function isShown(name) {
  if (!late.test(name)) return true;
  if (!seen.has(name)) seen.set(name, performance.now());
  return performance.now() - seen.get(name) >= Number(milliseconds);
}

const { readdir } = fs.promises;
fs.promises.readdir = async (...given) => (await readdir(...given)).filter((name) => isShown(name.name ?? name));
syncBuiltinESMExports();
