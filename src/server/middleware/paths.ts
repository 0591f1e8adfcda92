import type { MiddlewareHandler } from "hono";
import { SmithersError } from "../../errors/index.ts";

/** Refuses a path with invalid percent-encoding, which would otherwise be matched undecoded. */
export const wellFormedPath: MiddlewareHandler = async (c, next) => {
  const { url } = c.req.raw;
  if (url.includes("%")) {
    try {
      decodeURIComponent(url.split(/[?#]/, 1)[0]!);
    } catch {
      throw new SmithersError("INVALID_REQUEST", "The path contains an invalid percent-encoding.", {
        details: { field: "path" },
      });
    }
  }
  await next();
};

/** Refuses a request whose Host header makes no valid URL, such as one with an impossible IPv4 address. */
export function validUrl(): MiddlewareHandler {
  /** The beginning of the last valid URL, up to its path. What follows cannot make a URL invalid. */
  let known = "";
  return async (c, next) => {
    const { url } = c.req;
    if (known === "" || !url.startsWith(known)) {
      if (!URL.canParse(url)) {
        throw new SmithersError("INVALID_REQUEST", "The request has no valid URL: its Host header names no host.", {
          details: { field: "Host" },
        });
      }
      known = `${new URL(url).origin}/`;
    }
    await next();
  };
}
