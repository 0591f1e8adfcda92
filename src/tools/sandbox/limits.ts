/** Processes and threads of one command. */
export const maxProcesses = 512;
/** Largest file that a command can write, in bytes. */
export const maxFileBytes = 4 * 1024 ** 3;
/** Most memory that one process of a command can write to, in bytes. */
export const maxDataBytes = 8 * 1024 ** 3;
/** Most memory of all processes of a command, including what they share, where the kernel can count it; in bytes. */
export const maxMemoryBytes = 8 * 1024 ** 3;
/** Most temporary space of one command, in bytes. It lies in memory. */
export const maxTemporaryBytes = 1024 ** 3;
/** Least temporary space of one command, in bytes. */
export const minTemporaryBytes = 16 * 1024 ** 2;
/** Most pieces of a command's view. bubblewrap takes seconds for more, and at some point does not start. */
export const maxMounts = 1_000;
/** Largest file of the machine that is copied for a command; larger ones are mounted. In bytes. */
export const maxCopiedBytes = 256 * 1024;

/**
 * The arguments of `prlimit` for what a process may use. The number of processes counts per user namespace since
 * Linux 5.14. It does not limit root; the size of the PID namespace does.
 */
export function limitArgs(countsProcesses: boolean): string[] {
  const data = `--data=${maxDataBytes}`;
  const limits = ["--core=0", `--fsize=${maxFileBytes}`, data];
  return countsProcesses ? [...limits, `--nproc=${maxProcesses}`] : limits;
}
