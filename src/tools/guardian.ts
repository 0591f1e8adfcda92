import { spawn } from "node:child_process";
import type { NotedPaths } from "./guard/index.ts";
import { findProgram, systemPath } from "./sandbox/index.ts";

/** A process that cleans up after a command, also if this process is killed before the command has ended. */
export interface Guardian {
  /** Reports that the command has ended, and that this process has undone what it did at watched paths. */
  ended(): void;
}

/**
 * Waits for a line, which says that the command has ended. When none comes, this process was killed: then it undoes what
 * the command did, at once, and again when the sandbox has ended, which takes a moment. The arguments are the number of
 * control groups, their folders, and pairs of a watched path and the target of the link that was there, or nothing.
 */
const script = `
undo() {
  while [ $# -gt 0 ]; do
    path=$1 target=$2; shift 2
    if [ -n "$target" ] && [ "$(readlink "$path")" = "$target" ]; then continue; fi
    if [ -e "$path" ] || [ -L "$path" ]; then
      free=$path.refused; number=1
      while [ -e "$free" ] || [ -L "$free" ]; do number=$((number + 1)); free=$path.refused-$number; done
      mv -T "$path" "$free"
    fi
    [ -z "$target" ] || ln -s "$target" "$path"
  done
}
count=$1 groups=; shift
while [ "$count" -gt 0 ]; do groups="$groups $1"; shift; count=$((count - 1)); done
read -r line || { undo "$@"; sleep 1; undo "$@"; }
for folder in $groups; do
  for try in 1 2 3 4 5; do
    [ ! -d "$folder" ] || rmdir "$folder" || { sleep 0.2; continue; }
    rmdir "\${folder%/*}"
    break
  done
done`;

const noGuardian: Guardian = { ended() {} };

/**
 * Starts the guardian of a command that has just started. It outlives this process. Without one, only this process
 * cleans up.
 *
 * @param groups folders of the command's control groups, which it removes
 */
export function startGuardian(noted: NotedPaths, groups: readonly string[]): Guardian {
  const sh = findProgram("sh");
  if (sh === undefined) return noGuardian;
  const args = [String(groups.length), ...groups, ...[...noted].flatMap(([path, target]) => [path, target ?? ""])];
  try {
    const guardian = spawn(sh, ["-c", script, "guardian", ...args], {
      cwd: "/",
      env: { PATH: systemPath.join(":") },
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    guardian.on("error", () => {});
    guardian.stdin.on("error", () => {});
    guardian.unref();
    return { ended: () => void guardian.stdin.end("ended\n") };
  } catch {
    // The paths of thousands of modules do not fit into the arguments of a program.
    return noGuardian;
  }
}
