import { operation } from "../operation.ts";
import type { Route } from "../route.ts";

/** Serves the OpenAPI document of `routes`, which include this operation. */
export function openApi<Services>(routes: () => readonly Route<Services>[]) {
  const texts = new Map<boolean, string>();
  return operation({
    id: "openApi",
    summary: "Get this OpenAPI document",
    answer: "openApi",
    errors: [],
    async handle({ c }, { options }: { options: { authToken: string | undefined } }) {
      const asksForToken = options.authToken !== undefined;
      // Loaded when it is asked for: it needs the schemas of all answers.
      const { openApiDocument } = await import("../openapi.ts");
      const text = texts.get(asksForToken) ?? JSON.stringify(openApiDocument(routes(), { asksForToken }));
      texts.set(asksForToken, text);
      return c.body(text, 200, { "Content-Type": "application/json" });
    },
  });
}
