declare module "proxy-from-env" {
  /** Address of the proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY ask for; empty for none. */
  export function getProxyForUrl(url: string): string;
}
