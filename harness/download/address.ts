import path from "node:path";
import { UserError } from "../errors.ts";

/** A file somewhere else, as it was named. */
export interface Address {
  url: URL;
  /** What messages call it: without what may be a secret. */
  shown: string;
  /** Its name without a folder. */
  file: string;
  /** SHA-256 that its content must have; null where none was given. */
  sha256: string | null;
}

const checksum = /^(.*)#sha256=(.*)$/s;
const onHub = /^hf:([\w.-]+)\/([\w.-]+)\/([^@]+)(?:@([^@]+))?$/;

/** A name, and the SHA-256 behind it. @throws UserError of one that is no SHA-256 */
export function splitChecksum(given: string): { name: string; sha256: string | null } {
  const [, name, sha256] = checksum.exec(given) ?? [];
  if (name === undefined || sha256 === undefined) return { name: given, sha256: null };
  if (!/^[0-9a-f]{64}$/i.test(sha256)) throw new UserError(`${name}: #sha256=${sha256} is no SHA-256, which has 64 hexadecimal digits; correct it, or leave it out`);
  return { name, sha256: sha256.toLowerCase() };
}

/** Whether a name is not a path's. */
export function isRemote(name: string): boolean {
  return /^(hf:|[a-z][a-z0-9+.-]+:\/\/)/i.test(name);
}

/** Where `hf:` names lead. @throws UserError when HF_ENDPOINT is no address */
export function hubEndpoint(): URL {
  const said = process.env["HF_ENDPOINT"] || "https://huggingface.co";
  if (!URL.canParse(said)) throw new UserError("HF_ENDPOINT is no address; give https://…, or leave it out");
  return new URL(said);
}

/**
 * What an address says: `https://…`, or `hf:owner/repo/file[@revision]`, and `#sha256=HEX` behind it.
 *
 * @throws UserError when it is of another kind, or holds a password
 */
export function parseAddress(given: string): Address {
  const { name, sha256 } = splitChecksum(given);
  const url = /^hf:/i.test(name) ? hubUrl(name) : URL.canParse(name) ? new URL(name) : null;
  if (!url) throw new UserError(`${name} is no address; give https://…, or hf:owner/repo/file[@revision]`);
  const shown = url.origin + url.pathname;
  if (url.username || url.password) throw new UserError(`${shown}: a name or password in an address would be written into results; leave it out, and put a token into HF_TOKEN`);
  refuseOpen(url);
  const file = decoded(path.posix.basename(url.pathname));
  if (!file || file.startsWith(".") || /[/\\\0]/.test(file)) throw new UserError(`${shown} does not end in a file's name; give the address of a file`);
  return { url, shown: /^hf:/i.test(name) ? name : shown, file, sha256 };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return "";
  }
}

function hubUrl(name: string): URL {
  const [, owner, repository, file, revision = "main"] = onHub.exec(name) ?? [];
  if (!owner || !repository || !file) throw new UserError(`${name} is no name of a file; give hf:owner/repo/file, and @revision behind it for another than main`);
  const endpoint = hubEndpoint();
  return new URL([endpoint.pathname.replace(/\/$/, ""), owner, repository, "resolve", encodeURIComponent(revision), ...file.split("/").map(encodeURIComponent)].join("/"), endpoint);
}

/** @throws UserError when what goes there, and comes from there, can be read and changed on the way */
export function refuseOpen(url: URL): void {
  if (url.protocol === "https:") return;
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "http:" || !isLocal) throw new UserError(`${url.origin}${url.pathname} is not https, which addresses of files must be; give another, or download the file and give its path`);
}
