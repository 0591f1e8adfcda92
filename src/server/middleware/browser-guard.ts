import type { Context, MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { SmithersError } from "../../errors/index.ts";
import { isLoopback } from "../http/loopback.ts";

export interface BrowserGuardOptions {
  /** Whether requests must send a token. A page under a rebound host name does not know it. */
  readonly hasToken: boolean;
  /** Host names, with or without a port, that a server without a token answers in addition to loopback ones. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may call the server, such as `https://app.example`. */
  readonly allowedOrigins: readonly string[];
}

/**
 * Refuses requests that a web page of another site makes a browser send (FORBIDDEN). Clients other than browsers send
 * neither `Origin` nor `Sec-Fetch-Site` and are not affected.
 *
 * Sources: the Fetch standard for `Origin`, https://fetch.spec.whatwg.org/#origin-header, and
 * https://w3c.github.io/webappsec-fetch-metadata/ for `Sec-Fetch-Site`.
 */
export function browserGuard({ hasToken, allowedHosts, allowedOrigins }: BrowserGuardOptions): MiddlewareHandler {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(allowedOrigins);
  const isStrange = (name: string) => !isLoopbackHost(name) && !isListed(name, hosts);
  /** The last host that was answered: most clients have the same. */
  let answered: string | undefined;
  return async (c, next) => {
    const host = c.req.header("host");
    // Without a token, only the host's name tells the server's own page from one under a rebound name. A request can
    // give another name as part of its target.
    const isKnown = host !== undefined && host === answered && c.req.url.startsWith(`http://${host}/`);
    const named = hasToken || host === undefined || isKnown ? [] : [host, new URL(c.req.url).host];
    const strange = named.find(isStrange);
    if (strange !== undefined) {
      throw new SmithersError(
        "FORBIDDEN",
        `A server without a token does not answer requests for the host "${strange}".`,
        {
          details: { header: "Host", value: strange },
        },
      );
    }
    answered = host;
    refuseForeignPage(c, host, origins);
    await next();
  };
}

/** Answers CORS preflights of pages from `allowedOrigins`, and lets those pages read answers. */
export function answerAllowedOrigins(allowedOrigins: readonly string[]): MiddlewareHandler {
  return cors({
    origin: [...allowedOrigins],
    allowMethods: ["GET", "POST"],
    allowHeaders: [
      "Authorization",
      "Content-Type",
      "Idempotency-Key",
      "Last-Event-ID",
      "x-smithers-key",
      "traceparent",
    ],
    exposeHeaders: ["Link", "Retry-After", "X-Last-Seq", "X-Request-Id"],
    maxAge: 600,
  });
}

/** What browsers say of requests that no other site has made them send. */
const ownSites: ReadonlySet<string> = new Set(["none", "same-origin"]);

function refuseForeignPage(c: Context, host: string | undefined, origins: ReadonlySet<string>): void {
  const origin = c.req.header("origin");
  if (origin !== undefined) {
    if (origins.has(origin)) return;
    if (!isOwnOrigin(origin, host)) {
      throw new SmithersError("FORBIDDEN", `Web pages of the origin "${origin}" may not call this server.`, {
        details: { header: "Origin", value: origin },
      });
    }
  }
  const site = c.req.header("sec-fetch-site");
  if (site !== undefined && !ownSites.has(site)) {
    throw new SmithersError("FORBIDDEN", "The browser sent this request for a web page of another site.", {
      details: { header: "Sec-Fetch-Site", value: site },
    });
  }
}

/** Ignores the scheme: behind a proxy that ends TLS, the page uses https and the server http. */
function isOwnOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const { protocol, host: pageHost, origin: whole } = new URL(origin);
  // Browsers send an origin and nothing else, in this form.
  if (whole !== origin) return false;
  const isWeb = protocol === "http:" || protocol === "https:";
  return isWeb && URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === pageHost;
}

function isLoopbackHost(host: string): boolean {
  return isLoopback(nameOf(host));
}

function isListed(host: string, hosts: ReadonlySet<string>): boolean {
  return hosts.has(host.toLowerCase()) || hosts.has(nameOf(host));
}

/** A Host header without the port, and without the brackets of an IPv6 address. */
function nameOf(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1");
}
