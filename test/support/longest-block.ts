/**
 * The longest time in which nothing else ran, in milliseconds: by the clock, or by the time that this process had the
 * processor if that is less, because other programs of the machine may take it.
 */
export async function longestBlock(act: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  let used = process.cpuUsage();
  const timer = setInterval(() => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(used);
    longest = Math.max(longest, Math.min(now - last, (user + system) / 1000));
    last = now;
    used = process.cpuUsage();
  }, 1);
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  return longest;
}
