import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Options } from "pacote";
import { stopSignal } from "../process/interrupt.ts";
import { run } from "../process/run.ts";

/**
 * What pacote must be told of npm's configuration (registry, proxies, certificates, retries,
 * offline, cache): npm itself is asked, so that project, user, global file and environment count as
 * they do for `npm install`; and how to be stopped. Without npm, its defaults. Credentials are not passed on: npm does not print them.
 *
 * @param folder where a project's .npmrc may lie
 */
export async function pacoteOptions(folder: string): Promise<Options> {
  let settings: Record<string, unknown> = {};
  try {
    settings = JSON.parse((await run("npm", ["config", "list", "--json"], { cwd: folder })).stdout) as Record<string, unknown>;
  } catch {
    // Then its defaults.
  }
  const text = (name: string): string | undefined => (typeof settings[name] === "string" ? settings[name] : undefined);
  const cache = text("cache");
  const certificates = text("cafile");
  const options = {
    signal: stopSignal(),
    registry: text("registry"),
    cache: cache && path.join(cache, "_cacache"),
    proxy: text("proxy"),
    httpsProxy: text("https-proxy"),
    noProxy: settings.noproxy,
    ca: certificates ? await readFile(certificates, "utf8").catch(() => undefined) : settings.ca,
    strictSSL: settings["strict-ssl"],
    offline: settings.offline,
    preferOffline: settings["prefer-offline"],
    fetchRetries: settings["fetch-retries"],
    fetchRetryFactor: settings["fetch-retry-factor"],
    fetchRetryMintimeout: settings["fetch-retry-mintimeout"],
    fetchRetryMaxtimeout: settings["fetch-retry-maxtimeout"],
    fetchTimeout: settings["fetch-timeout"],
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== null)) as Options;
}
