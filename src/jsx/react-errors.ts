import { messageOf } from "../errors/index.ts";

/** What React's production build says by number: https://react.dev/errors. The rest keeps React's own words. */
const texts: Readonly<Record<string, (args: readonly string[]) => string>> = {
  31: ([found]) =>
    `Elements contain something that cannot be rendered: ${found || "an object"}. An object belongs in a prop`,
  130: ([type]) =>
    `An element's component is ${type || "no component"}; it must be a function, a class or a text. Check that it is imported and exported by this name`,
  185: () => "A component sets state in an effect each time that it is rendered, so that rendering does not end",
  300: () =>
    "A component called fewer hooks than before. Hooks must not be called under a condition, or after a return",
  301: () => "A component sets state each time that it is rendered, so that rendering does not end",
  310: () => "A component called more hooks than before. Hooks must not be called under a condition, or in a loop",
  321: () =>
    "A hook was called outside of a component, or there is a second copy of React. Call hooks in components; `npm ls react` lists the copies",
  438: ([found]) => `use() takes a promise or a context; it was given ${found || "something else"}`,
  482: () =>
    "An asynchronous component, or a promise made while rendering, is used outside of <Suspense>. Await in a task",
};

/** What an error of React's production build means; undefined for any other error. */
export function reactErrorText(error: unknown): string | undefined {
  const [, number, query = ""] =
    /^Minified React error #(\d+); visit \S+\/errors\/\d+(?:\?(\S*))? for/.exec(messageOf(error)) ?? [];
  const text = number === undefined ? undefined : texts[number];
  return text?.(new URLSearchParams(query).getAll("args[]"));
}
