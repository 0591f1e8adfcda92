/** Implements {@link Runtime.mapFile}. */
export function mapFile(fd: number): Uint8Array | undefined {
  const folder = process.platform === "linux" ? "/proc/self/fd" : "/dev/fd";
  try {
    return Bun.mmap(`${folder}/${fd}`, { shared: true });
  } catch {
    // Not every system opens a file by its descriptor.
    return undefined;
  }
}
