import { type NotedPaths, type Undone, undo } from "./watch.ts";

/** A command that runs, and what was undone of it so far. */
interface RunningCommand {
  readonly noted: NotedPaths;
  readonly undone: Undone[];
}

const running = new Set<RunningCommand>();

/**
 * Watches paths while a command runs.
 * @returns ends that, undoes what the command did there, and returns everything that was undone
 */
export function watchCommand(noted: NotedPaths): () => Undone[] {
  const command: RunningCommand = { noted, undone: [] };
  running.add(command);
  return () => {
    if (running.delete(command)) command.undone.push(...undo(noted));
    return command.undone;
  };
}

/**
 * Undoes what the running commands of this process have done at watched paths so far. Must be called before and after
 * workflows are read, because commands may run for long.
 * @returns whether there was something, so that what was read meanwhile must not be used
 */
export function undoRunning(): boolean {
  let any = false;
  for (const { noted, undone } of running) {
    const now = undo(noted);
    undone.push(...now);
    any ||= now.length > 0;
  }
  return any;
}

/** Whether a running command has made what was read at a path: there was nothing when it started. */
export function isPlanted(path: string): boolean {
  return [...running].some(({ noted }) => noted.has(path) && noted.get(path) === undefined);
}
