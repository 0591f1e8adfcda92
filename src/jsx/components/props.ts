import { didYouMean, isNearly } from "../../errors/index.ts";
import { insteadOfProp } from "../published-names.ts";
import { refuse } from "./checks.ts";

/** The type of a prop that does not exist, for a misspelling for which the compiler would suggest a wrong prop. */
export interface DidYouMean<Prop extends string> {
  readonly didYouMean: Prop;
}

/** The names of a component's props; the compiler checks the list against the type of the props. */
export const propNames = <Props>(names: Readonly<Record<keyof Props, true>>): ReadonlySet<string> =>
  new Set(Object.keys(names));

/**
 * Refuses an unknown prop, and a function where a condition or elements belong. They would otherwise have no effect,
 * without any warning.
 * @throws INVALID_WORKFLOW, for an unknown prop with the most similar one
 */
export function checkProps(component: string, props: object, known: ReadonlySet<string>): void {
  for (const name in props) {
    if (known.has(name) || (props as Record<string, unknown>)[name] === undefined) continue;
    const where = tagOf(component, props as Readonly<Record<string, unknown>>);
    if (name === "children") refuse(where, "children are not accepted.");
    const advice = insteadOfProp(component, name);
    if (advice !== undefined) refuse(where, `${name} is a prop of the published package. ${advice}.`);
    const meant = didYouMean(name, known) || ` Known props: ${[...known].join(", ")}.`;
    refuse(where, `unknown prop "${name}".${meant}`);
  }
  checkShapes(component, props as Readonly<Record<string, unknown>>);
}

/** Props that are conditions; anything but a function or a Promise may be one. */
const conditions = ["skipIf", "if"] as const;
/** Props that are parts of the tree, of every component but those whose children may be code. */
const trees = ["children", "then", "else", "try", "finally"] as const;
const withCode: ReadonlySet<string> = new Set(["Task", "Signal", "EscalationChain"]);

/** Refuses what React would take as true, or leave out, without a warning. */
function checkShapes(component: string, props: Readonly<Record<string, unknown>>): void {
  for (const name of conditions) {
    const kind = codeIn(props[name]);
    if (kind) refuse(tagOf(component, props), `${name} must be true or false; it is ${kind}, which is always true.`);
  }
  if (withCode.has(component)) return;
  for (const name of trees) {
    const found = functionAmong(props[name]);
    if (found) refuse(tagOf(component, props), `${name} must be elements; ${found}.`);
  }
}

const noArrays: readonly unknown[] = [];

function codeIn(value: unknown): string | undefined {
  if (typeof value === "function") return "a function";
  return value instanceof Promise ? "a Promise" : undefined;
}

/** @param around the arrays that the node stands in */
function functionAmong(node: unknown, around = noArrays): string | undefined {
  if (typeof node === "function") return "a function is among them. Give what it returns";
  if (!Array.isArray(node)) return undefined;
  if (around.includes(node)) return "an array among them contains itself";
  const inside = [...around, node];
  for (const child of node) {
    const found = functionAmong(child, inside);
    if (found) return found;
  }
  return undefined;
}

function tagOf(component: string, { id }: Readonly<Record<string, unknown>>): string {
  return typeof id === "string" ? `<${component} id="${id}">` : `<${component}>`;
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
