import { type NotedPaths, type Undone, undo } from "./watch.ts";

/** Ends the watch of a command, undoes what the command did at its paths, and returns everything that was undone. */
export type EndWatch = () => Promise<readonly Undone[]>;

/** Watches over the commands that run, wherever they were started. */
export interface CommandWatch {
  /** Watches paths while a command runs. The command may start once the promise resolves. */
  begin(noted: NotedPaths): Promise<EndWatch>;
  /**
   * Undoes what the running commands have done at watched paths so far. Must be called before and after workflows are
   * read, because commands may run for long.
   * @returns whether there was something, so that what was read meanwhile must not be used
   */
  undoRunning(): Promise<boolean>;
  /** Whether a running command has made one of the files that were read: there was nothing when it started. */
  hasPlanted(paths: readonly string[]): Promise<boolean>;
}

/** A command that runs, and what was undone of it so far. */
interface RunningCommand {
  readonly noted: NotedPaths;
  readonly undone: Undone[];
}

const running = new Set<RunningCommand>();

/** Watches over the commands of this process. */
export const ownCommands: CommandWatch = {
  async begin(noted) {
    const command: RunningCommand = { noted, undone: [] };
    running.add(command);
    return async () => {
      if (running.delete(command)) command.undone.push(...undo(noted));
      return command.undone;
    };
  },
  async undoRunning() {
    let any = false;
    for (const { noted, undone } of running) {
      const now = undo(noted);
      undone.push(...now);
      any ||= now.length > 0;
    }
    return any;
  },
  async hasPlanted(paths) {
    return paths.some((path) =>
      [...running].some(({ noted }) => noted.has(path) && noted.get(path)?.link === undefined),
    );
  },
};

let current = ownCommands;

/** The watch over all commands whose files this process may load. */
export const commandWatch = (): CommandWatch => current;

/** Has another process watch over commands: one that knows those of several processes. */
export function watchCommandsWith(watch: CommandWatch): void {
  current = watch;
}
