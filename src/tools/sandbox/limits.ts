/** Processes and threads of one command. */
export const maxProcesses = 512;
/** Of one file that a command writes. */
export const maxFileBytes = 4 * 1024 ** 3;
/** Of memory that one process of a command writes to. */
export const maxDataBytes = 8 * 1024 ** 3;
/** Of memory of all processes of a command, with what they share, where the kernel can count it. */
export const maxMemoryBytes = 8 * 1024 ** 3;
/** The temporary space of one command, which lies in memory. */
export const maxTemporaryBytes = 1024 ** 3;
/** The least of it that a command is given. */
export const minTemporaryBytes = 16 * 1024 ** 2;

/**
 * The arguments of `prlimit` for what a process may use. The number of processes counts per user namespace since
 * Linux 5.14, and does not bind root, whom the size of the PID namespace bounds instead.
 */
export function limitArgs(countsProcesses: boolean): string[] {
  const data = `--data=${maxDataBytes}`;
  const limits = ["--core=0", `--fsize=${maxFileBytes}`, data];
  return countsProcesses ? [...limits, `--nproc=${maxProcesses}`] : limits;
}
