import { lstatSync, readlinkSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { maxCopiedBytes } from "./limits.ts";
import { isBelow } from "./paths.ts";
import type { Mount } from "./view.ts";

/** Programs and their libraries. */
const programFolders = [
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/nix/store",
  "/gnu/store",
  "/run/current-system",
];

/**
 * The settings of the machine that programs need: how to find libraries, users, hosts, certificates and times. Keys,
 * passwords and the settings of services are not among them.
 */
const settings = [
  "alternatives",
  "crypto-policies",
  "debian_version",
  "fonts",
  "gai.conf",
  "gitconfig",
  "group",
  "host.conf",
  "hosts",
  "ld.so.cache",
  "ld.so.preload",
  "locale.conf",
  "localtime",
  "mime.types",
  "nsswitch.conf",
  "os-release",
  "passwd",
  "pki/ca-trust",
  "pki/tls/cert.pem",
  "pki/tls/certs",
  "pki/tls/openssl.cnf",
  "protocols",
  "resolv.conf",
  "services",
  "ssl/cert.pem",
  "ssl/certs",
  "ssl/openssl.cnf",
  "timezone",
].map((name) => `/etc/${name}`);

let known: readonly Mount[] | undefined;

/** What every command sees of the machine. Looked up once: programs and settings keep their places. */
export function systemView(): readonly Mount[] {
  known ??= [
    ...[...programFolders, ...settings].flatMap(pieceAt),
    { kind: "link", path: "/etc/mtab", target: "/proc/self/mounts" },
  ];
  return known;
}

/** What is shown at a path. Each mount takes time at the start of every command, so small files are copied. */
function pieceAt(path: string): Mount[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return [];
  if (lstatSync(path).isSymbolicLink()) {
    const target = readlinkSync(path);
    if (programFolders.some((folder) => isBelow(resolve(dirname(path), target), folder))) {
      return [{ kind: "link", path, target }];
    }
  }
  return [{ kind: stats.isFile() && stats.size <= maxCopiedBytes ? "copy" : "readOnly", path }];
}
