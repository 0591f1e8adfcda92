import { privateFolders } from "./hidden.ts";
import { limitArgs, maxProcesses, maxTemporaryBytes } from "./limits.ts";
import type { Sandbox, SandboxedCommand, SandboxPolicy } from "./policy.ts";

/** The programs of util-linux, and the shell, that it is made of. */
export interface UnshareFeatures {
  readonly unshare: string;
  readonly setpriv: string;
  readonly prlimit: string;
  readonly bash: string;
  readonly countsProcesses: boolean;
  /** Root is bounded by the size of the PID namespace. */
  readonly boundsNamespace: boolean;
}

/** Does with util-linux what bubblewrap does; slower, for it starts a program for each mount. */
export function unshareSandbox(features: UnshareFeatures): Sandbox {
  return {
    name: "unshare",
    wrap(policy, command): SandboxedCommand {
      if (policy.bare) throw new Error("unshare hides no system.");
      const namespaces = ["--user", "--map-root-user", "--mount", "--pid", "--ipc", "--uts", "--cgroup"];
      if (!policy.allowNetwork) namespaces.push("--net");
      const start = [features.unshare, ...namespaces, "--fork", "--kill-child", "--"];
      const setup = [features.bash, "-c", setupScript, "setup", features.setpriv, features.prlimit, features.bash];
      const limits = limitArgs(features.countsProcesses);
      return {
        file: features.setpriv,
        args: ["--pdeathsig", "KILL", ...start, ...setup, String(limits.length), ...limits, ...command],
        input: inputOf(features, policy),
        hasStarted: (status) => status === "started\n",
      };
    },
  };
}

/** What the script reads, each followed by a zero byte: settings, what is visible, what is hidden, the environment. */
function inputOf(features: UnshareFeatures, policy: SandboxPolicy): string {
  const settings = [
    policy.rootDir,
    policy.readOnly ? "ro" : "rw",
    policy.cwd,
    features.boundsNamespace ? String(maxProcesses) : "",
    String(maxTemporaryBytes),
    privateFolders.join(" "),
    policy.allowNetwork ? "resolv" : "",
  ];
  const env = Object.entries(policy.env).map(([name, value]) => `${name}=${value}`);
  return [...settings, ...policy.visible, "", ...policy.hidden, "", ...env].map((word) => `${word}\0`).join("");
}

/**
 * Runs as root of the new namespaces and as the first process of theirs. Everything is made read-only before the
 * few writable mounts are added; what could not be is an error, so that the command never starts in less than was
 * promised. File descriptor 9 keeps the root folder where a mount hides its path, and 8 a piece of /dev.
 */
const setupScript = `
set -eu
setpriv=$1 prlimit=$2 bash=$3 count=$4; shift 4
limits=("\${@:1:count}"); shift "$count"
next() { IFS= read -r -d '' "$1" <&3; }
next root; next mode; next cwd; next maxProcesses; next tmpBytes; next folders; next resolv
visible=(); while next path && [ -n "$path" ]; do visible+=("$path"); done
hidden=(); while next path && [ -n "$path" ]; do hidden+=("$path"); done
fail() { echo "sandbox: $1" >&2; exit 125; }
mount --make-rprivate /
exec 9<"$root"
held=(); for path in "\${visible[@]}"; do exec {fd}<"$path"; held+=("$fd"); done
[ -z "$resolv" ] || { resolv=$(readlink -f /etc/resolv.conf) && [ -f "$resolv" ] && exec 7<"$resolv"; } || resolv=

# Flags that a mount has are locked for us: a remount must repeat them.
while read -r _ _ _ _ path options _; do
  case ",$options," in *,ro,*) continue ;; esac
  # Covered as a whole below.
  case "$path/" in /proc/* | /dev/* | /run/* | /tmp/* | /var/tmp/*) continue ;; esac
  flags=ro,remount,bind
  for flag in nosuid nodev noexec noatime nodiratime relatime; do
    case ",$options," in *,$flag,*) flags=$flags,$flag ;; esac
  done
  printf -v path '%b' "$path"
  mount -c -o "$flags" none "$path" 2>/dev/null || mount -c -o "$flags" "$path" 2>/dev/null || [ ! -w "$path" ] || fail "$path stays writable"
done < /proc/self/mountinfo

tmpfs() { mount -t tmpfs -o "size=$tmpBytes,nosuid,nodev,mode=$2" tmpfs "$1"; }
mount -t tmpfs -o size=1m,nosuid tmpfs /run
mkdir /run/dev /run/dev/shm /run/dev/pts
for device in null zero full random urandom tty; do
  : > "/run/dev/$device"; mount --bind "/dev/$device" "/run/dev/$device"
done
ln -s /proc/self/fd /run/dev/fd; ln -s fd/0 /run/dev/stdin; ln -s fd/1 /run/dev/stdout; ln -s fd/2 /run/dev/stderr
tmpfs /run/dev/shm 1777
mount --rbind /run/dev /dev
mount -t proc -o nosuid,nodev,noexec proc /proc
for path in /proc/sys /proc/irq /proc/bus /proc/fs; do
  [ ! -e "$path" ] || [ "$path" = /proc/sys ] || { mount --bind "$path" "$path"; mount -o remount,bind,ro "$path"; }
done
hide() { mount -c --bind /dev/null "$1"; mount -c -o remount,bind,ro,nodev,noexec,nosuid "$1"; }
for path in /proc/sysrq-trigger /proc/kcore /proc/keys /proc/timer_list /proc/latency_stats; do
  [ ! -e "$path" ] || hide "$path"
done
for folder in $folders; do [ -L "$folder" ] || [ ! -d "$folder" ] || tmpfs "$folder" 1777; done
if [ -n "$resolv" ] && [ ! -e "$resolv" ]; then
  mkdir -p "$(dirname "$resolv")"; : > "$resolv"; mount -c --bind /proc/self/fd/7 "$resolv"
fi
for index in "\${!visible[@]}"; do
  path=\${visible[index]}; fd=\${held[index]}
  mkdir -p "$(dirname "$path")"
  if [ -d "/proc/self/fd/$fd" ]; then mkdir -p "$path"; else : > "$path"; fi
  mount -c --bind "/proc/self/fd/$fd" "$path"; mount -c -o remount,bind,ro,nosuid,nodev "$path"
  exec {fd}<&-
done
mkdir -p "$root"
mount -c --rbind /proc/self/fd/9 "$root"
[ "$mode" = ro ] || mount -c -o remount,bind,rw "$root" || fail "$root stays read-only"
for path in "\${hidden[@]}"; do hide "$path"; done
ip link set lo up 2>/dev/null || :
[ -z "$maxProcesses" ] || echo "$maxProcesses" > /proc/sys/kernel/pid_max
# No further user namespaces, and with them no further mounts.
echo 0 > /proc/sys/user/max_user_namespaces
mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys
exec 9<&- 7<&-
cd "$cwd"
echo started >&4; exec 4>&-

# This shell stays as the first process: it must outlive what the command leaves behind by nothing.
start='while IFS= read -r -d "" entry <&3; do export "$entry"; done; exec 3<&-; exec "$@"'
env -i setsid "$setpriv" --no-new-privs --bounding-set=-all --inh-caps=-all --ambient-caps=-all \\
  "$bash" -c "$start" start "$prlimit" "\${limits[@]}" "$@" &
child=$!
exec 3<&-
wait "$child"
`;
