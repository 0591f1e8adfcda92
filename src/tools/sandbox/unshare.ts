import { moduleFile } from "../../package/index.ts";
import type { LauncherSettings } from "./launcher/settings.ts";
import { maxDataBytes, maxFileBytes, maxProcesses } from "./limits.ts";
import { firstInputFd, type Sandbox, type SandboxedCommand } from "./policy.ts";

/** The programs that it uses, and what the kernel can do. */
export interface UnshareFeatures {
  readonly unshare: string;
  readonly setpriv: string;
  readonly bash: string;
  /** Which system calls are refused; see `seccomp/filter.ts`. */
  readonly filter: Uint8Array;
  readonly countsProcesses: boolean;
  /** For root: whether to limit the size of the PID namespace. */
  readonly boundsNamespace: boolean;
}

const launcher = moduleFile("tools/sandbox/launcher/main");

/**
 * The fallback for machines without bubblewrap: `unshare` of util-linux makes the namespaces, and a program of this
 * package, executed by this process's Bun, builds the view in them. Each command takes longer by the start of Bun.
 */
export function unshareSandbox(features: UnshareFeatures): Sandbox {
  const { unshare, setpriv, bash, filter, countsProcesses, boundsNamespace } = features;
  return {
    name: "unshare",
    entersGroup: true,
    wrap(policy, mounts, command, group): SandboxedCommand {
      const inputs: number[] = [];
      const passed = mounts.map((mount) =>
        mount.fd === undefined ? mount : { ...mount, fd: firstInputFd + inputs.push(mount.fd) - 1 },
      );
      const settings: LauncherSettings = {
        mounts: passed,
        groupDoors: group.doors.map((fd) => firstInputFd + inputs.push(fd) - 1),
        cwd: policy.cwd,
        env: policy.env,
        filter: Buffer.from(filter).toString("base64"),
        ownNetwork: !policy.allowNetwork,
        limits: {
          fileBytes: maxFileBytes,
          dataBytes: maxDataBytes,
          ...(countsProcesses && { processes: maxProcesses }),
          ...(boundsNamespace && { pids: maxProcesses }),
        },
        shell: bash,
        command,
      };
      const namespaces = ["--user", "--map-root-user", "--mount", "--pid", "--ipc", "--uts", "--cgroup"];
      if (settings.ownNetwork) namespaces.push("--net");
      return {
        file: setpriv,
        args: [
          ...["--pdeathsig", "KILL", unshare, ...namespaces, "--fork", "--kill-child", "--"],
          ...[process.execPath, launcher],
        ],
        settings: JSON.stringify(settings),
        inputs,
        hasStarted: (status) => status === "started\n",
      };
    },
  };
}
