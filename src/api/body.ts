import { z } from "zod";
import { isNearly } from "../errors/similar.ts";

/**
 * An object in a request's body. Its optional fields may be null. A field whose name is nearly a known one is refused:
 * if it were ignored, a typing error would change what the request does. Other unknown fields are ignored.
 */
export function bodyFields<S extends z.ZodRawShape>(shape: S) {
  const object = z.object(shape);
  const known = Object.keys(shape);
  return z.preprocess((given, context) => {
    if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
    for (const name of Object.keys(given)) {
      const meant = known.includes(name) ? undefined : known.find((one) => isNearly(name, one));
      if (meant !== undefined) refuse(context, name, `unknown field, you probably mean "${meant}"`);
    }
    return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
  }, object);
}

/** An object in a body that has all its payload in one field: fields in its place are refused, not ignored. */
export function bodyWithPayload<S extends z.ZodRawShape>(payload: string & keyof S, shape: S) {
  return z.preprocess((given, context) => {
    if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
    const names = Object.keys(given);
    if (names.some((name) => Object.keys(shape).some((known) => name === known || isNearly(name, known)))) return given;
    for (const name of names) refuse(context, name, `unknown field, the payload belongs in "${payload}"`);
    return given;
  }, bodyFields(shape));
}

function refuse(context: z.core.$RefinementCtx, name: string, message: string): void {
  context.addIssue({ code: "custom", path: [name], message });
}
