import { z } from "zod";
import { isNearly } from "../errors/similar.ts";

/** Fields that are compared with the known ones. Comparing is slow, and a body of 1 MiB may have 100,000 fields. */
const maxCompared = 1_000;

/**
 * An object in a request's body. Its optional fields may be null. A field whose name is nearly a known one is refused:
 * if it were ignored, a typing error would change what the request does. Other unknown fields are ignored.
 */
export function bodyFields<S extends z.ZodRawShape>(shape: S) {
  const object = z.object(shape);
  const known = Object.keys(shape);
  return z.preprocess((given, context) => {
    if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
    for (const name of Object.keys(given).slice(0, maxCompared)) {
      const meant = known.includes(name) ? undefined : known.find((one) => isNearly(name, one));
      if (meant !== undefined) refuse(context, name, `unknown field, you probably mean "${meant}"`);
    }
    const fields = given as Record<string, unknown>;
    const present = known.filter((name) => Object.hasOwn(fields, name) && fields[name] !== null);
    return Object.fromEntries(present.map((name) => [name, fields[name]]));
  }, object);
}

/** An object in a body that has all its payload in one field: fields in its place are refused, not ignored. */
export function bodyWithPayload<S extends z.ZodRawShape>(payload: string & keyof S, shape: S) {
  return z.preprocess((given, context) => {
    if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
    const names = Object.keys(given).slice(0, maxCompared);
    if (names.some((name) => Object.keys(shape).some((known) => name === known || isNearly(name, known)))) return given;
    for (const name of names) refuse(context, name, `unknown field, the payload belongs in "${payload}"`);
    return given;
  }, bodyFields(shape));
}

function refuse(context: z.core.$RefinementCtx, name: string, message: string): void {
  context.addIssue({ code: "custom", path: [name], message });
}
