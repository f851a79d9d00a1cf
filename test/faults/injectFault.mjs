// Loaded before a script: makes one operation on a file fail, as a disk or a system would. FAULT is what, which error, and at
// which of the operations on files under FAULT_UNDER.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [operation, code, at] = (process.env.FAULT ?? "").split(" ");
const under = (process.env.FAULT_UNDER ?? "").split(":");
let left = Number(at);

function failed(path, of) {
  return of === operation && under.some((folder) => String(path).startsWith(folder)) && left-- === 0;
}

/** Errors of reading and writing an open file do not say its path. */
function fault(path, dest) {
  const named = path === undefined ? "" : ` '${path}'${dest === undefined ? "" : ` -> '${dest}'`}`;
  const syscall = operation;
  return Object.assign(new Error(`${code}: injected, ${syscall}${named}`), { code, syscall, errno: -1, ...(path !== undefined && { path }), ...(dest !== undefined && { dest }) });
}

const { open, writeFile, rename, copyFile } = fs.promises;
const paths = new WeakMap();

fs.promises.open = async (path, flags = "r", ...rest) => {
  if (flags !== "r" && failed(path, "open")) throw fault(path);
  const handle = await open(path, flags, ...rest);
  if (flags !== "r") paths.set(handle, String(path));
  return handle;
};
fs.promises.writeFile = async (path, content, ...rest) => {
  if (failed(path, "open")) throw fault(path);
  if (!failed(path, "write")) return writeFile(path, content, ...rest);
  await writeFile(path, content.subarray?.(0, content.length >> 1) ?? content.slice(0, content.length >> 1));
  throw fault();
};
fs.promises.copyFile = async (from, to, ...rest) => {
  if (failed(to, "open")) throw fault(from, to);
  return copyFile(from, to, ...rest);
};
fs.promises.rename = async (from, to) => {
  if (failed(to, "rename")) throw fault(from, to);
  return rename(from, to);
};

const example = await open(process.execPath, "r");
const prototype = Object.getPrototypeOf(example);
await example.close();
const { writeFile: writeHandle, sync } = prototype;
prototype.writeFile = async function (content, ...rest) {
  if (!failed(paths.get(this), "write")) return writeHandle.call(this, content, ...rest);
  await writeHandle.call(this, content.slice(0, content.length >> 1));
  throw fault();
};
prototype.sync = async function () {
  if (failed(paths.get(this), "fsync")) throw fault();
  return sync.call(this);
};
syncBuiltinESMExports();
