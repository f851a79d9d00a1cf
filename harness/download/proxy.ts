import { getProxyForUrl } from "proxy-from-env";
import { UserError } from "../errors.ts";

/**
 * Sends a request as `fetch` does, through the proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name for its address,
 * if they do. The proxy is asked for a tunnel, so that it sees neither token nor content of what is encrypted.
 *
 * @throws UserError when the proxy's address is none; it may have a password in it, and is not shown
 * @throws TypeError as `fetch`; its cause says whether there was a proxy
 */
export async function send(url: URL, init: RequestInit): Promise<Response> {
  const proxy = getProxyForUrl(url.href);
  if (!proxy) return fetch(url, init);
  if (!URL.canParse(proxy) || !/^https?:$/.test(new URL(proxy).protocol)) throw new UserError(`the proxy for ${url.protocol}//${url.host} is no address, such as http://proxy.example:3128; set ${variableFor(url)} again, or unset it`);
  const { ProxyAgent, fetch: fetchBy } = await import("undici");
  try {
    // Both follow the same standard; their types differ in name.
    return (await fetchBy(url, { ...(init as object), dispatcher: new ProxyAgent(proxy) })) as unknown as Response;
  } catch (error) {
    throw new TypeError((error as Error).message, { cause: new Error(`${innermost(error)} (through the proxy of ${variableFor(url)})`) });
  }
}

function variableFor({ protocol }: URL): string {
  const own = `${protocol.slice(0, -1)}_proxy`;
  return [own, own.toUpperCase(), "all_proxy", "ALL_PROXY"].find((name) => process.env[name]) ?? own.toUpperCase();
}

/** What lies at the bottom of an error, as a code where the system gives one. */
function innermost(error: unknown): string {
  const { cause, code, message } = error as NodeJS.ErrnoException;
  return cause ? innermost(cause) : code?.startsWith("E") ? code : message;
}
