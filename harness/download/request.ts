import { UserError } from "../errors.ts";
import { type Address, hubEndpoint, refuseOpen } from "./address.ts";
import { send } from "./proxy.ts";

/** Something that may go well the next time. */
export class Passing extends Error {
  override name = "Passing";
  /** Seconds that the server wants to be left alone for. */
  readonly wait: number | null;

  constructor(message: string, wait: number | null = null) {
    super(message);
    this.wait = wait;
  }
}

/** An answer with content, or that there is none behind what was asked for. */
export interface Answer {
  /** 200, 206 or 416. */
  response: Response;
  /** SHA-256 of the whole file, as the hub says; null where nobody does. */
  stated: string | null;
}

const mostRedirects = 5;
const passing = [408, 425, 429, 500, 502, 503, 504];
/** No server may have a program wait for longer. */
const mostSeconds = 300;

/**
 * Asks for a file. Redirects are followed here, so that the token of HF_TOKEN goes to the hub and nowhere else.
 *
 * @throws Passing when it is worth to ask again
 * @throws UserError when it is not: there is no such file, or no right to it
 */
export async function request({ url: first, shown }: Address, headers: Record<string, string>, signal: AbortSignal): Promise<Answer> {
  let url = first;
  const token = tokenOfHub();
  let stated: string | null = null;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    refuseOpen(url);
    const isHub = url.origin === hubEndpoint().origin;
    const response = await send(url, {
      // What was compressed on the way has another length.
      headers: { ...headers, "accept-encoding": "identity", "user-agent": "quantflex", ...(isHub && token && { authorization: `Bearer ${token}` }) },
      redirect: "manual",
      signal,
    }).catch((error: Error) => {
      signal.throwIfAborted();
      if (error instanceof UserError) throw error;
      throw new Passing(reasonOf(error));
    });
    if (isHub) stated ??= statedHash(response);
    if ([200, 206, 416].includes(response.status)) return { response, stated };
    await response.body?.cancel().catch(() => undefined);
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location !== null && URL.canParse(location, url.href)) {
      url = new URL(location, url);
      continue;
    }
    throw refusal(response, shown, Boolean(token));
  }
  throw new UserError(`${shown} leads from one address to the next, more than ${mostRedirects} times; give the one where the file lies`);
}

function tokenOfHub(): string | undefined {
  const token = process.env["HF_TOKEN"]?.trim();
  // What fetch says of such a header has all of it.
  if (token && !/^[\x21-\x7e]+$/.test(token)) throw new UserError("HF_TOKEN has characters in it that no token has; set it again");
  return token;
}

function refusal({ status, headers }: Response, shown: string, hasToken: boolean): Error {
  if (passing.includes(status)) {
    const wait = secondsOf(headers.get("retry-after"));
    if (wait !== null && wait > mostSeconds) return new UserError(`${shown}: the server answered ${status} and wants to be asked again in ${Math.ceil(wait)} seconds; try again then`);
    return new Passing(`the server answered ${status}`, wait);
  }
  if (status === 404 || status === 410) return new UserError(`${shown}: there is no such file (the server answered ${status}); look at the address, and at the revision`);
  if (status === 401 || status === 403) return new UserError(`${shown}: the server refuses it (${status}); ${hasToken ? "the token in HF_TOKEN has no right to it: accept the model's terms on its page" : "if it is gated, accept the model's terms on its page and put a token into HF_TOKEN"}`);
  return new UserError(`${shown}: the server answered ${status}; look at the address, or download the file and give its path`);
}

function secondsOf(retryAfter: string | null): number | null {
  if (retryAfter === null) return null;
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

/** The hub names large files by their SHA-256, in the answer that leads to where they lie. */
function statedHash({ headers }: Response): string | null {
  return /^"?([0-9a-f]{64})"?$/.exec(headers.get("x-linked-etag") ?? "")?.[1] ?? null;
}

/** Why a request failed: what fetch throws says it in its cause. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
  return cause?.code ?? cause?.message ?? message;
}
