import { Console } from "node:console";
import { Writable } from "node:stream";
import { type PrintedStream, printerOfTask, type TaskPrinter } from "./task-context.ts";

/** The methods whose text is kept with the task that calls them. */
const printing: ReadonlySet<string | symbol> = new Set([
  "assert",
  "count",
  "countReset",
  "debug",
  "dir",
  "dirxml",
  "error",
  "group",
  "groupCollapsed",
  "groupEnd",
  "info",
  "log",
  "table",
  "time",
  "timeEnd",
  "timeLog",
  "trace",
  "warn",
]);

/**
 * The `console` of workflow files, which the loader gives to them: it prints like the process's own, and what a task prints
 * is also kept with the task. The global console stays as it is.
 */
export const taskConsole: Console = new Proxy(globalThis.console, {
  get(_, name) {
    const method: unknown = Reflect.get(globalThis.console, name);
    if (typeof method !== "function") return method;
    const known = wrappers.get(name);
    if (known?.method === method) return known.wrapper;
    const wrapper = printing.has(name)
      ? (...args: unknown[]) => {
          keep(name, args);
          return method.apply(globalThis.console, args);
        }
      : method.bind(globalThis.console);
    wrappers.set(name, { method, wrapper });
    return wrapper;
  },
});

const wrappers = new Map<string | symbol, { readonly method: unknown; readonly wrapper: unknown }>();
/** One per attempt: groups, counters and timers are its own. */
const recorders = new WeakMap<TaskPrinter, Console>();

function keep(name: string | symbol, args: readonly unknown[]): void {
  const printer = printerOfTask();
  if (!printer) return;
  const recorder = recorders.get(printer) ?? recorderFor(printer);
  recorders.set(printer, recorder);
  try {
    (Reflect.get(recorder, name) as (...args: unknown[]) => void)(...args);
  } catch {
    // A value that cannot be shown fails in the process's own console, or not at all.
  }
}

function recorderFor(print: TaskPrinter): Console {
  const to = (stream: PrintedStream) =>
    new Writable({
      decodeStrings: false,
      write(text, _, done) {
        print(String(text), stream);
        done();
      },
    });
  return new Console({ stdout: to("stdout"), stderr: to("stderr"), colorMode: false });
}
