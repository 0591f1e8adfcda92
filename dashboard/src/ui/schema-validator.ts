import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import {
  createErrorHandler,
  type ErrorSchema,
  type RJSFSchema,
  type RJSFValidationError,
  toErrorSchema,
  unwrapErrorHandler,
  type ValidatorType,
  validationDataMerge,
} from "@rjsf/utils";

/** A validator that makes no code at run time, which the page's Content-Security-Policy forbids. */
export const validator: ValidatorType = {
  isValid(schema, data, root) {
    try {
      const { definitions, $defs } = root as RJSFSchema;
      return new Validator({ definitions, $defs, ...(schema as object) } as Schema, "2020-12").validate(data).valid;
    } catch {
      return false;
    }
  },
  rawValidation(schema, data) {
    return { errors: issuesOf(schema, data) as never };
  },
  validateFormData(data, schema, customValidate) {
    const errors = issuesOf(schema, data);
    const validationData = { errors, errorSchema: toErrorSchema(errors) };
    if (!customValidate) return validationData;
    const handler = customValidate(data, createErrorHandler(data), undefined);
    return validationDataMerge(validationData, unwrapErrorHandler(handler));
  },
};

export default validator;

function issuesOf(schema: object, data: unknown): RJSFValidationError[] {
  let units: OutputUnit[];
  try {
    units = new Validator(schema as Schema, "2020-12", false).validate(data ?? {}).errors;
  } catch (error) {
    return [{ stack: String(error), message: String(error), property: "." }];
  }
  // Only the innermost: the outer ones say no more than that something in them does not fit.
  const groups = new Set(["properties", "items", "prefixItems", "allOf", "$ref", "additionalProperties"]);
  return units
    .filter(({ keyword }) => !groups.has(keyword))
    .map(({ instanceLocation, keyword, error }) => {
      const path = instanceLocation
        .replace(/^#\/?/, "")
        .split("/")
        .filter(Boolean)
        .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
      const missing = keyword === "required" ? /"([^"]+)"/.exec(error)?.[1] : undefined;
      const property = [...path, ...(missing === undefined ? [] : [missing])].map((part) => `.${part}`).join("");
      const message = missing === undefined ? plain(error) : "is required";
      return { name: keyword, property: property || ".", message, stack: `${property} ${message}` };
    });
}

/** The validator's sentence, begun as a continuation of the field's name. */
function plain(error: string): string {
  if (error.startsWith('Instance type "null" is invalid')) return "must not be empty";
  return error
    .replace(/^Instance type "(\w+)" is invalid\. Expected "(.+)"\.$/, "must be of the type $2, not $1")
    .replace(/\.$/, "");
}

/** The server's issues in the form that the fields take them in. */
export function extraErrors(issues: readonly { path: (string | number)[]; message: string }[]): ErrorSchema {
  const root: Record<string, unknown> = {};
  for (const { path, message } of issues) {
    let at = root;
    for (const part of path) at = (at[part] ??= {}) as Record<string, unknown>;
    at.__errors = [...((at.__errors as string[] | undefined) ?? []), message];
  }
  return root as ErrorSchema;
}
