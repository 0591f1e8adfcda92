import { spawn } from "node:child_process";
import { relative } from "node:path";
import { type Noted, type NotedPaths, riskySettings } from "./guard/index.ts";
import { findProgram, systemPath } from "./sandbox/index.ts";

/** A process that cleans up after a command, also if this process is killed before the command has ended. */
export interface Guardian {
  /** Reports that the command has ended, and that this process has undone what it did at watched paths. */
  ended(): void;
}

/**
 * Waits for a line, which says that the command has ended. When none comes, this process was killed: then it undoes what
 * the command did, at once, and again when the sandbox has ended, which takes a moment. The arguments are the
 * expression for settings that a new repository may not have, the number of control groups, their folders, and for each
 * watched path: the folder that the command can change, the rest of the path, the target of the link that was there, or
 * nothing, and whether a repository may be made there. A link on the way is what the command has made: it is not
 * followed, and a folder that it swaps meanwhile is recognised by its path.
 */
const script = `
undo_one() {
  at=$1 rest=$2 target=$3
  cd -P "$at" 2>/dev/null || return 0
  while :; do
    name=./\${rest%%/*}
    case $rest in */*) rest=\${rest#*/} ;; *) break ;; esac
    if [ -L "$name" ]; then target=; break; fi
    [ -x "$name" ] || chmod u+rx "$name" 2>/dev/null
    cd -P "$name" 2>/dev/null || return 0
    at=$at/\${name#./}
    [ "$(pwd -P)" = "$at" ] || return 0
  done
  if [ -n "$target" ] && [ "$(readlink "$name")" = "$target" ]; then return 0; fi
  if [ -n "$4" ] && [ -d "$name" ] && [ ! -L "$name" ] && [ ! -e "$name/commondir" ] && [ ! -L "$name/config" ] &&
    ! grep -Eiqs "$risky" "$name/config"; then return 0; fi
  if [ -e "$name" ] || [ -L "$name" ]; then
    free=$name.refused number=1
    while [ -e "$free" ] || [ -L "$free" ]; do
      number=$((number + 1)); free=$name.refused-$number
      [ "$number" -lt 10 ] || { free=$name.refused-$(od -An -N8 -tx8 /dev/urandom | tr -d ' '); break; }
    done
    mv -T "$name" "$free" || { chmod u+wx . && mv -T "$name" "$free"; }
  fi
  [ -z "$target" ] || ln -s "$target" "$name"
}
undo() {
  while [ $# -gt 0 ]; do ( undo_one "$1" "$2" "$3" "$4" ); shift 4; done
}
risky=$1 count=$2 groups=; shift 2
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

const argsOf = ([path, { within, link, mayBeRepository }]: readonly [string, Noted]) => [
  within,
  relative(within, path),
  link ?? "",
  mayBeRepository ? "repository" : "",
];

/**
 * Starts the guardian of a command that has just started. It outlives this process. Without one, only this process
 * cleans up.
 *
 * @param groups folders of the command's control groups, which it removes
 */
export function startGuardian(noted: NotedPaths, groups: readonly string[]): Guardian {
  const sh = findProgram("sh");
  if (sh === undefined) return noGuardian;
  const args = [riskySettings, String(groups.length), ...groups, ...[...noted].flatMap(argsOf)];
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
