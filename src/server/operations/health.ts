import type { Store } from "../../store/index.ts";
import { waitAtMost } from "../../timing/index.ts";
import { operation } from "../operation.ts";

/** Liveness check. Reports a database that refuses writes, and tries to write to it again at each check. */
export const health = operation({
  id: "health",
  summary: "Check that the server is alive",
  answer: "health",
  errors: [],
  isOpen: true,
  async handle(_, { stores }: { stores(): readonly Store[] }) {
    const checks = stores().map((store) => store.check());
    await waitAtMost(patienceMs, Promise.all(checks));
    // A check that has not ended may have found trouble already.
    const trouble = stores().find((store) => store.trouble)?.trouble;
    if (trouble) throw trouble;
    return { ok: true } as const;
  },
});

/** A liveness check must not wait for a locked database. */
const patienceMs = 500;
