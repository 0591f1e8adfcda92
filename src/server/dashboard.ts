import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Context, Hono } from "hono";
import { SmithersError } from "../errors/index.ts";
import { packageFolder } from "../package/index.ts";
import { envelope } from "./middleware/errors.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The page runs only files of this server, speaks only to it, and cannot be shown inside another page. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers = {
  "Content-Security-Policy": policy,
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
} as const;

interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

/**
 * Serves the web page at `/dashboard/`. Its files are public, for they hold no data: the page asks for the token, and
 * sends it as any client does.
 */
export function serveDashboard(app: Hono): void {
  const redirect = (c: Context) => c.body(null, 308, { Location: "/dashboard/", ...headers });
  app.get("/dashboard", redirect);
  app.get("/dashboard/*", (c) => {
    const name = c.req.path.slice("/dashboard/".length);
    const file = pageFile(name) ?? (extname(name) === "" ? pageFile("index.html") : undefined);
    if (!file) return envelope(c, missing(c.req.path));
    // A file under assets has a name that changes with its content.
    const cache = name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    const accepts = /\bgzip\b/.test(c.req.header("accept-encoding") ?? "");
    return c.body(accepts ? file.gzipped : file.bytes, 200, {
      ...headers,
      "Content-Type": file.type,
      "Cache-Control": cache,
      Vary: "Accept-Encoding",
      ...(accepts ? { "Content-Encoding": "gzip" } : {}),
    });
  });
}

function missing(path: string): SmithersError {
  const isBuilt = pageFiles().has("index.html");
  return new SmithersError("NOT_FOUND", isBuilt ? `There is nothing at ${path}.` : "The web page has not been built.");
}

const builtFolder = join(packageFolder, "dist/dashboard/");
let names: ReadonlyMap<string, string> | undefined;
const read = new Map<string, PageFile>();

function pageFile(name: string): PageFile | undefined {
  const known = read.get(name);
  const path = pageFiles().get(name);
  if (known || path === undefined) return known;
  const bytes = new Uint8Array(readFileSync(path));
  const type = types[extname(name)] ?? "application/octet-stream";
  const file = { type, bytes, gzipped: new Uint8Array(gzipSync(bytes, { level: 9 })) };
  read.set(name, file);
  return file;
}

/** The files of the page by their names: only what is in this list is ever read. */
function pageFiles(): ReadonlyMap<string, string> {
  names ??= new Map(
    (existsSync(`${builtFolder}index.html`) ? readdirSync(builtFolder, { recursive: true, withFileTypes: true }) : [])
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => `${parentPath.replace(/\/$/, "")}/${name}`)
      .map((path) => [path.slice(builtFolder.length), path] as const),
  );
  return names;
}
