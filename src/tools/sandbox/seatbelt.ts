import { isBelow } from "./paths.ts";
import type { Sandbox, SandboxPolicy } from "./policy.ts";

/**
 * macOS: `sandbox-exec` with a profile of the policy. Written from Apple's documentation of the profile
 * language and not tested on a Mac yet. Processes are ended by their process group; their number is not
 * limited.
 */
export function seatbelt(program: string, temporaryDir: string): Sandbox {
  return {
    name: "sandbox-exec",
    entersGroup: false,
    wrap(policy, _mounts, command) {
      const env = Object.entries({ ...policy.env, TMPDIR: temporaryDir }).map(([name, value]) => `${name}=${value}`);
      return {
        file: program,
        args: ["-p", seatbeltProfile(policy, temporaryDir), "/usr/bin/env", "-i", ...env, ...command],
        settings: "",
        inputs: [],
        hasStarted: () => true,
      };
    },
  };
}

/** The profile. What it does not name is allowed, and a later line overrides an earlier one. */
function seatbeltProfile(policy: SandboxPolicy, temporaryDir: string): string {
  const { repository } = policy;
  const writable = policy.readOnly ? [temporaryDir] : [policy.rootDir, temporaryDir, ...(repository?.writable ?? [])];
  const lines = [
    "(version 1)",
    "(allow default)",
    "(deny file-write*)",
    `(allow file-write* ${writable.map(subpath).join(" ")} (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty"))`,
    "(deny process-info* (target others))",
    "(deny signal (target others))",
    "(allow signal (target same-sandbox))",
    "(allow process-info* (target same-sandbox))",
    '(deny mach-lookup (global-name-prefix "com.apple.coreservices.launchservicesd"))',
  ];
  if (!policy.allowNetwork) lines.push("(deny network*)", '(allow network* (local ip "localhost:*"))');
  lines.push(`(deny network-outbound (remote unix-socket))`);
  if (!isBelow(policy.rootDir, "/private/var/run"))
    lines.push(`(allow network-outbound (remote unix-socket ${subpath(policy.rootDir)}))`);
  const kept = [...policy.protected, ...(repository?.protected ?? [])];
  if (kept.length > 0) lines.push(`(deny file-write* ${kept.map(subpath).join(" ")})`);
  if (policy.hidden.length > 0) {
    lines.push(`(deny file-read* file-write* ${policy.hidden.map((path) => `(literal ${quoted(path)})`).join(" ")})`);
  }
  return lines.join("\n");
}

const subpath = (path: string) => `(subpath ${quoted(path)})`;

const quoted = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
