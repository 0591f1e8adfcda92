import type { HeldMount } from "../held.ts";

/** The instructions that the launcher reads from its settings descriptor. */
export interface LauncherSettings {
  /** What the command sees. Descriptors are numbered as the launcher has them. */
  readonly mounts: readonly HeldMount[];
  /** Descriptors that are written to in order to enter the control group of the command. */
  readonly groupDoors: readonly number[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** In base64. */
  readonly filter: string;
  /** Whether there is a new network namespace. */
  readonly ownNetwork: boolean;
  readonly limits: {
    readonly fileBytes: number;
    readonly dataBytes: number;
    /** Limit for an ordinary user. */
    readonly processes?: number;
    /** Size of the PID namespace, which limits root. */
    readonly pids?: number;
  };
  /** A shell that stays as the first process while the command runs. */
  readonly shell: string;
  readonly command: readonly string[];
}
