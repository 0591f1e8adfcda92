import { locate } from "./launcher/build-view.ts";
import { commandList, startedText } from "./launcher/command-list.ts";
import { maxDataBytes, maxFileBytes, maxProcesses } from "./limits.ts";
import { firstInputFd, type Sandbox, type SandboxedCommand, statusFd } from "./policy.ts";

/** The programs that it uses, and what the kernel can do. */
export interface UnshareFeatures {
  readonly unshare: string;
  readonly setpriv: string;
  readonly bash: string;
  /** A descriptor of the launcher's program. */
  readonly launcher: number;
  /** Which system calls are refused; see `seccomp/filter.ts`. */
  readonly filter: Uint8Array;
  readonly countsProcesses: boolean;
  /** For root: whether to limit the size of the PID namespace. */
  readonly boundsNamespace: boolean;
}

/**
 * The fallback for machines without bubblewrap: `unshare` of util-linux makes the namespaces, and a program of this
 * package makes the system calls that build the view in them.
 */
export function unshareSandbox(features: UnshareFeatures): Sandbox {
  const { unshare, setpriv, bash, launcher, filter, countsProcesses, boundsNamespace } = features;
  return {
    name: "unshare",
    entersGroup: true,
    wrap(policy, mounts, command, group): SandboxedCommand {
      const inputs: number[] = [];
      const input = (fd: number) => firstInputFd + inputs.push(fd) - 1;
      const program = input(launcher);
      const passed = mounts
        .map(locate)
        .map((mount) => (mount.fd === undefined ? mount : { ...mount, fd: input(mount.fd) }));
      const groupDoors = group.doors.map(input);
      const calls = commandList({
        mounts: passed,
        groupDoors,
        statusFd,
        nextFd: firstInputFd + inputs.length,
        cwd: policy.cwd,
        env: policy.env,
        filter,
        ownNetwork: !policy.allowNetwork,
        limits: {
          fileBytes: maxFileBytes,
          dataBytes: maxDataBytes,
          ...(countsProcesses && { processes: maxProcesses }),
          ...(boundsNamespace && { pids: maxProcesses }),
        },
        shell: bash,
        command,
      });
      const namespaces = ["--user", "--map-root-user", "--mount", "--pid", "--ipc", "--uts", "--cgroup"];
      if (!policy.allowNetwork) namespaces.push("--net");
      return {
        file: setpriv,
        args: [
          ...["--pdeathsig", "KILL", unshare, ...namespaces, "--fork", "--kill-child", "--"],
          `/proc/self/fd/${program}`,
        ],
        settings: calls.bytes(),
        inputs,
        hasStarted: (status) => status === startedText,
        problem: (status) => calls.failure(Buffer.from(status, "latin1")),
      };
    },
  };
}
