import { didYouMean, isNearly } from "../../errors/index.ts";
import { refuse } from "./checks.ts";

/** The type of a prop that does not exist, for a misspelling for which the compiler would suggest a wrong prop. */
export interface DidYouMean<Prop extends string> {
  readonly didYouMean: Prop;
}

/** The names of a component's props; the compiler checks the list against the type of the props. */
export const propNames = <Props>(names: Readonly<Record<keyof Props, true>>): ReadonlySet<string> =>
  new Set(Object.keys(names));

/**
 * Refuses an unknown prop. A misspelt prop would otherwise have no effect, without any warning.
 * @throws INVALID_WORKFLOW with the most similar prop
 */
export function checkProps(component: string, props: object, known: ReadonlySet<string>): void {
  for (const name in props) {
    if (known.has(name) || (props as Record<string, unknown>)[name] === undefined) continue;
    const { id } = props as { id?: unknown };
    const where = typeof id === "string" ? `<${component} id="${id}">` : `<${component}>`;
    if (name === "children") refuse(where, "children are not accepted.");
    const meant = didYouMean(name, known) || ` Known props: ${[...known].join(", ")}.`;
    refuse(where, `unknown prop "${name}".${meant}`);
  }
}

/**
 * Refuses a misspelt field of a prop that is an object. A field whose name is like none of the known ones is ignored.
 * @throws INVALID_WORKFLOW with the field that is probably meant
 */
export function checkFields<T extends object>(
  where: string,
  prop: string,
  given: unknown,
  known: Readonly<Record<keyof T, true>>,
): void {
  if (typeof given !== "object" || given === null) return;
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue;
    const meant = Object.keys(known).find((one) => isNearly(name, one));
    if (meant !== undefined) refuse(where, `${prop} has the unknown field "${name}". Did you mean "${meant}"?`);
  }
}
