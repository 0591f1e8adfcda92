import type { ChildProcess, Serializable } from "node:child_process";
import { waitAtMost } from "../../timing/index.ts";
import type { ChildChannel, ChildEnd, ParentChannel, SpawnOptions } from "../channel.ts";

/** Implements {@link Runtime.spawn}. */
export function spawnBun(args: readonly string[], options: SpawnOptions = {}): ChildChannel {
  const { env, cwd, outputFd = "inherit", detached = false, sharedFd } = options;
  // Loaded when it is used: it would make every start of the command slower.
  const { spawn } = process.getBuiltinModule("node:child_process");
  // Without the flag, Bun would take packages that are not installed from the registry.
  const child = spawn(process.execPath, ["--no-install", ...args], {
    cwd,
    detached,
    env: env ?? process.env,
    stdio: ["inherit", outputFd, outputFd, "ipc", ...(sharedFd === undefined ? [] : [sharedFd])],
    serialization: "advanced",
  });
  return {
    pid: child.pid,
    ended: endOf(child),
    send: (message) => child.connected && child.send(message as Serializable),
    onMessage: (listener) => void child.on("message", listener),
    kill: (signal) => void child.kill(signal),
    killGroup() {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended, and so has its group.
      }
    },
    release() {
      child.unref();
      if (child.connected) child.disconnect();
    },
  };
}

/** How long the last messages of a process that has ended are waited for, when another process holds the channel. */
const lastMessagesMs = 1_000;

function endOf(child: ChildProcess): Promise<ChildEnd> {
  const closed = new Promise((resolve) => child.once("close", resolve));
  return new Promise((resolve) => {
    child.on("error", (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, error });
    });
    child.once("exit", async (code, signal) => {
      // The last messages may come after "exit", and before "close".
      await waitAtMost(lastMessagesMs, closed);
      resolve({ code, signal });
    });
  });
}

/** As Node declares it; Bun's types have the message alone. */
type Send = (message: unknown, handle: undefined, options: undefined, sent: (error: Error | null) => void) => boolean;

/** Implements {@link Runtime.parent}. */
export function parentOfBun(): ParentChannel | undefined {
  const send = process.send as Send | undefined;
  if (send === undefined) return undefined;
  return {
    // Messages that are not handed over yet are lost when the channel is closed.
    send: (message) =>
      new Promise((resolve, reject) => {
        send.call(process, message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
      }),
    onMessage: (listener) => void process.on("message", listener),
    onClose: (listener) => void process.once("disconnect", listener),
    close() {
      if (process.connected) process.disconnect?.();
    },
  };
}
