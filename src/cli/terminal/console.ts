import { formatWithOptions } from "node:util";

const toStdout = ["log", "info", "debug"] as const;
const toStderr = ["warn", "error"] as const;
type Method = (typeof toStdout)[number] | (typeof toStderr)[number];

/** Console methods that write to a terminal, where a live tree may be drawn. */
export const terminalMethods = (): Method[] => [
  ...(process.stdout.isTTY ? toStdout : []),
  ...(process.stderr.isTTY ? toStderr : []),
];

/** Console methods that write to stdout, where the result is printed. */
export const stdoutMethods: readonly Method[] = toStdout;

/** Redirects console output of the workflow's code to `print`. Returns a function that restores the console. */
export function captureConsole(methods: readonly Method[], print: (text: string) => void): () => void {
  // The workflow's code may put something else in the place of the global.
  const terminal = console;
  const own = methods.map((name) => [name, terminal[name]] as const);
  const colors = process.stderr.isTTY && process.stderr.hasColors?.();
  for (const name of methods) terminal[name] = (...args: unknown[]) => print(formatWithOptions({ colors }, ...args));
  return () => {
    for (const [name, method] of own) terminal[name] = method;
  };
}
