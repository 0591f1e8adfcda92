import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { settingsFd, statusFd } from "../policy.ts";
import { buildView } from "./build-view.ts";
import { dropCapabilities, limitResource, loadFilter, replaceProcess, resetSignals, startLoopback } from "./kernel.ts";
import type { LauncherSettings } from "./settings.ts";

/**
 * A program that runs as root of new namespaces, as their first process. It builds the view of a command, gives up
 * what it could do, and becomes the shell that runs the command.
 */
const { mounts, groupDoors, cwd, env, filter, ownNetwork, limits, shell, command }: LauncherSettings = JSON.parse(
  readFileSync(settingsFd, "utf8"),
);

/**
 * The shell waits, because the namespace ends with its first process: what the command leaves behind ends with it. A
 * shell lets a background process ignore two signals, and prints a line when one was killed; the script undoes both.
 */
const script = '(trap - INT QUIT; exec "$@") & exec 2>/dev/null; wait "$!"';

try {
  for (const door of groupDoors) writeSync(door, "0");
  if (ownNetwork) startLoopback();
  buildView(mounts, () => {
    if (limits.pids !== undefined) writeFileSync("/proc/sys/kernel/pid_max", String(limits.pids));
    writeFileSync("/proc/sys/user/max_user_namespaces", "0");
    // When memory is short, the kernel ends this first.
    writeFileSync("/proc/self/oom_score_adj", "1000");
  });
  process.chdir(cwd);
  limitResource("coreBytes", 0);
  limitResource("fileBytes", limits.fileBytes);
  limitResource("dataBytes", limits.dataBytes);
  if (limits.processes !== undefined) limitResource("processes", limits.processes);
  dropCapabilities();
  loadFilter(Buffer.from(filter, "base64"));
  writeSync(statusFd, "started\n");
  resetSignals();
  replaceProcess(shell, ["-c", script, "sandbox", ...command], env);
} catch (error) {
  writeSync(statusFd, "failed\n");
  process.stderr.write(`sandbox: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 125;
}
