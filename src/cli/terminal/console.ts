import { formatWithOptions } from "node:util";

const toStdout = ["log", "info", "debug"] as const;
const toStderr = ["warn", "error"] as const;
type Method = (typeof toStdout)[number] | (typeof toStderr)[number];

/** Methods of the console that write to a terminal, through what is drawn there. */
export const onTerminal = (): Method[] => [
  ...(process.stdout.isTTY ? toStdout : []),
  ...(process.stderr.isTTY ? toStderr : []),
];

/** Methods of the console that write where the result is printed. */
export const besideResult: readonly Method[] = toStdout;

/** Hands what the workflow's code says on the console to `print` instead. Returns how to stop. */
export function takeConsole(methods: readonly Method[], print: (text: string) => void): () => void {
  const own = methods.map((name) => [name, console[name]] as const);
  const colors = process.stderr.isTTY && process.stderr.hasColors?.();
  for (const name of methods) console[name] = (...args: unknown[]) => print(formatWithOptions({ colors }, ...args));
  return () => {
    for (const [name, method] of own) console[name] = method;
  };
}
