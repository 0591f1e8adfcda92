import { SmithersError } from "../errors/index.ts";
import { insteadOfName, publishedNames } from "./published-names.ts";

/**
 * Adds to what `createSmithers` returns the names that it has only in the published package. A component fails when it
 * is rendered, and anything else when it is used, by its name: otherwise React would complain of `undefined`.
 */
export function addPublishedMembers(api: object): void {
  for (const name of publishedNames) {
    if (name in api) continue;
    Object.defineProperty(api, name, { enumerable: false, value: standInFor(name) });
  }
}

function standInFor(name: string): unknown {
  const refuse = (): never => {
    throw new SmithersError("INVALID_WORKFLOW", `createSmithers does not give "${name}". ${insteadOfName(name)}.`);
  };
  return new Proxy(refuse, { get: (target, key) => (key in target ? Reflect.get(target, key) : refuse()) });
}
