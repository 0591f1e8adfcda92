import { writeSync } from "node:fs";

/** The numbers of memfd_create(2) and fcntl(2) per machine. */
const numbers: Partial<Record<NodeJS.Architecture, { readonly create: number; readonly control: number }>> = {
  x64: { create: 319, control: 72 },
  arm64: { create: 279, control: 25 },
};

const [MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_EXEC] = [1, 2, 0x10];
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, SHRINK, GROW and WRITE: nothing can change the file any more. */
const allSeals = 1 | 2 | 4 | 8;
const EINVAL = 22;

/** Implements {@link Runtime.memoryProgram}. */
export async function memoryProgram(name: string, content: Uint8Array): Promise<number> {
  const { SystemCallError, systemCall } = await import("./kernel.ts");
  const known = process.platform === "linux" ? numbers[process.arch] : undefined;
  if (!known) throw new Error(`No program can be put into memory on ${process.platform} ${process.arch}.`);
  const create = (flags: number) => systemCall("memfd_create", known.create, name, flags);
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  let fd: number;
  try {
    fd = create(flags | MFD_EXEC);
  } catch (error) {
    // Before Linux 6.3 the flag is unknown, and every such file can be executed.
    if (!(error instanceof SystemCallError && error.errno === EINVAL)) throw error;
    fd = create(flags);
  }
  writeSync(fd, content);
  systemCall("fcntl", known.control, fd, F_ADD_SEALS, allSeals);
  return fd;
}
