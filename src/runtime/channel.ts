export interface SpawnOptions {
  /** Default: this process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: this process's own. */
  readonly cwd?: string;
  /** File descriptor that stdout and stderr are written to. Default: this process's own. */
  readonly outputFd?: number;
  /** Starts the process in a session and process group of its own, which survive this one's terminal. */
  readonly detached?: boolean;
  /** A file descriptor that the process gets as {@link sharedFd}, with what is open there. Default: none. */
  readonly sharedFd?: number;
}

/** The number under which a process finds {@link SpawnOptions.sharedFd}. */
export const sharedFd = 4;

/** How a process has ended: one of the two is not null, unless it could not be started. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why the process could not be started. */
  readonly error?: Error;
}

/** A started process. Messages are copied as by `structuredClone`, and arrive in order. */
export interface ChildChannel {
  /** Undefined when the process could not be started. */
  readonly pid: number | undefined;
  /** Never rejects. Every message of the process has been received before. */
  readonly ended: Promise<ChildEnd>;
  /** @returns false when the channel is closed: the message is lost */
  send(message: unknown): boolean;
  onMessage(listener: (message: unknown) => void): void;
  kill(signal?: NodeJS.Signals): void;
  /** Kills a detached process with all processes of its group. */
  killGroup(): void;
  /** Closes the channel, and lets this process end before the other. */
  release(): void;
}

/** The channel to the process that started this one. It keeps this process alive until it is closed. */
export interface ParentChannel {
  /** Resolves when the message has been handed over; rejects when the channel is closed. */
  send(message: unknown): Promise<void>;
  onMessage(listener: (message: unknown) => void): void;
  /** Called once when the other process has closed the channel, or has ended. */
  onClose(listener: () => void): void;
  close(): void;
}
