import { expect, test } from "bun:test";
import { folder } from "../support/folder.ts";
import { documentFiles } from "../support/readme.ts";
import { serve } from "../support/server.ts";

/** A service as the document imports it: who calls it twice under one key is given the first answer. */
const payments = `
const charges = new Map<string, { chargeId: string }>();
let failed = false;
export const payments = {
  async charge(customer: string, cents: number, { idempotencyKey }: { idempotencyKey: string }) {
    const known = charges.get(idempotencyKey) ?? { chargeId: \`\${customer}-\${cents}-\${charges.size + 1}\` };
    charges.set(idempotencyKey, known);
    if (!failed) {
      failed = true;
      throw new Error("The answer was lost.");
    }
    return known;
  },
};
`;

test("the task that docs/reliability.md shows charges once, though it is executed twice", async () => {
  const files = documentFiles("docs/reliability.md");
  expect(Object.keys(files)).toEqual(["charge.tsx"]);
  const server = await serve(folder({ ...files, "payments.ts": payments }));
  const { runId, status, output } = await server.complete("charge.tsx", { customer: "ann", cents: 500 });
  expect([status, output]).toEqual(["finished", { chargeId: "ann-500-1" }]);
  expect(await server.nodes(runId)).toMatchObject([{ attempt: 2 }]);
});
