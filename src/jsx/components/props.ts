import { didYouMean } from "../../errors/index.ts";
import { refuse } from "./checks.ts";

/** The type of a prop that does not exist, for a misspelling that the compiler would correct badly. */
export interface DidYouMean<Prop extends string> {
  readonly didYouMean: Prop;
}

/** The names of the props that a component takes; the compiler holds the list to the type of its props. */
export const propNames = <Props>(names: Readonly<Record<keyof Props, true>>): ReadonlySet<string> =>
  new Set(Object.keys(names));

/**
 * Refuses a prop that the component does not take: a misspelt one would have no effect, and nothing would say so.
 * @throws INVALID_WORKFLOW with the prop that was probably meant
 */
export function checkProps(component: string, props: object, known: ReadonlySet<string>): void {
  for (const name in props) {
    if (known.has(name) || (props as Record<string, unknown>)[name] === undefined) continue;
    const { id } = props as { id?: unknown };
    const where = typeof id === "string" ? `<${component} id="${id}">` : `<${component}>`;
    if (name === "children") refuse(where, "it takes no children.");
    const meant = didYouMean(name, known) || ` It takes ${[...known].join(", ")}.`;
    refuse(where, `it has no prop "${name}".${meant}`);
  }
}
