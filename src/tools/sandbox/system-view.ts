import { existsSync, lstatSync, readlinkSync } from "node:fs";
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
  "bash.bashrc",
  "bash_completion.d",
  "ca-certificates",
  "ca-certificates.conf",
  "crypto-policies",
  "debian_version",
  "fonts",
  "gai.conf",
  "gitconfig",
  "group",
  "host.conf",
  "hosts",
  "inputrc",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "ld.so.preload",
  "locale.alias",
  "locale.conf",
  "localtime",
  "lsb-release",
  "magic",
  "mailcap",
  "mime.types",
  "networks",
  "nsswitch.conf",
  "os-release",
  "passwd",
  "pki/ca-trust",
  "pki/tls/cert.pem",
  "pki/tls/certs",
  "pki/tls/openssl.cnf",
  "profile",
  "profile.d",
  "protocols",
  "resolv.conf",
  "rpc",
  "services",
  "shells",
  "ssl/cert.pem",
  "ssl/certs",
  "ssl/openssl.cnf",
  "terminfo",
  "timezone",
].map((name) => `/etc/${name}`);

/** What the kernel says of the processors, by which programs choose how many threads they start. */
const processors = ["/sys/devices/system/cpu", "/sys/devices/system/node"];

let known: readonly Mount[] | undefined;

/** What every command sees of the machine. It is looked up once, because programs and settings keep their places. */
export function systemView(): readonly Mount[] {
  known ??= [
    ...[...programFolders, ...processors].flatMap(folderOrLink),
    // A link is followed: it often leads into a folder that is not seen.
    ...settings.filter(existsSync).map((path): Mount => ({ kind: "readOnly", path })),
    { kind: "link", path: "/etc/mtab", target: "/proc/self/mounts" },
  ];
  return known;
}

function folderOrLink(path: string): Mount[] {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return [];
  return stats.isSymbolicLink()
    ? [{ kind: "link", path, target: readlinkSync(path) }]
    : [{ kind: "readOnly", path }];
}
