const uses = new Map<string, number>();

/** Notes that a task of this process works in a worktree; returns what takes the note back. */
export function beginUse(path: string): () => void {
  uses.set(path, (uses.get(path) ?? 0) + 1);
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    const left = (uses.get(path) ?? 1) - 1;
    if (left > 0) uses.set(path, left);
    else uses.delete(path);
  };
}

/** Whether a task of this process works in a worktree. */
export const isInUse = (path: string): boolean => uses.has(path);
