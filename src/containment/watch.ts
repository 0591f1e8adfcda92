import { attribute, isForeign } from "./attribute.ts";
import { interceptExit } from "./exit.ts";
import { keepListeners } from "./listeners.ts";

/** Origins that are named when an error may be one of several. */
const maxNamed = 5;

let watchers = 0;
let stop = () => {};
/** Takes what has no origin, where the process has no code but authors' and this package's. */
let takeUnknown: ((thrown: unknown) => void) | undefined;

/**
 * Contains what authors' code does to the process, until the returned function is called: an error that nothing catches
 * is told to its origin, and `process.exit` is an error of the code that calls it. What comes from other code of the
 * process goes where it would go without this. One pair of handlers serves all callers.
 * @param unknown called with errors that have no origin and are not of this package's modules, if the process has only
 *   authors' code besides them: a rejection with a value that is no Error does not say where it comes from
 */
export function contain(unknown?: (thrown: unknown) => void): () => void {
  takeUnknown ??= unknown;
  watchers += 1;
  if (watchers === 1) stop = install();
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    watchers -= 1;
    if (watchers === 0) stop();
  };
}

function install(): () => void {
  const onException = (thrown: unknown) => handle(thrown) || passOn("uncaughtException", onException, thrown);
  const onRejection = (thrown: unknown) => handle(thrown) || passOn("unhandledRejection", onRejection, thrown);
  process.on("uncaughtException", onException);
  process.on("unhandledRejection", onRejection);
  const restoreExit = interceptExit();
  const endKeeping = keepListeners([onException, onRejection]);
  return () => {
    process.off("uncaughtException", onException);
    process.off("unhandledRejection", onRejection);
    restoreExit();
    endKeeping();
  };
}

/** @returns whether the error is dealt with */
function handle(thrown: unknown): boolean {
  const found = attribute(thrown);
  if (!found) {
    if (!takeUnknown || !isForeign(thrown)) return false;
    takeUnknown(thrown);
    return true;
  }
  if (found.of === "one") found.origin.stray(thrown);
  else
    found.origins[0]!.suspected(
      thrown,
      found.origins.slice(0, maxNamed).map(({ facts }) => facts),
    );
  return true;
}

/** Lets an error that is not an author's have the effect that it has in a process without these handlers. */
function passOn(
  event: "uncaughtException" | "unhandledRejection",
  handler: (thrown: unknown) => void,
  thrown: unknown,
): void {
  // The program handles such errors itself.
  if (process.listenerCount(event) > 1) return;
  process.off(event, handler);
  setImmediate(() => {
    // Without the program's end, which is the default, the handler is wanted again.
    setImmediate(() => watchers > 0 && process.on(event, handler));
    if (event === "uncaughtException") throw thrown;
    void Promise.reject(thrown);
  });
}
