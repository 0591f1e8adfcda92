import { existsSync } from "node:fs";
import { healthAnswerSchema } from "../../api/index.ts";
import { SmithersError } from "../../errors/index.ts";
import type { Store } from "../../store/index.ts";
import { waitAtMost } from "../../timing/index.ts";
import { operation } from "../operation.ts";

/** Liveness, for whoever asks. A database that takes no writes is told, and tried again at every question. */
export const health = operation({
  id: "health",
  summary: "Check that the server is alive",
  answer: healthAnswerSchema,
  errors: [],
  isOpen: true,
  async handle(_, { stores }: { stores(): readonly Store[] }) {
    const probes = stores()
      .filter(({ trouble }) => trouble)
      .map((store) => store.probe().catch(() => {}));
    if (probes.length > 0) await waitAtMost(patienceMs, Promise.all(probes));
    const trouble = stores().find((store) => store.trouble)?.trouble;
    if (trouble) throw trouble;
    if (stores().some(({ filename }) => filename !== "" && !existsSync(filename))) {
      const message =
        "The database file was removed while the server had it open. New data is lost when the server stops.";
      throw new SmithersError("DB_UNAVAILABLE", message);
    }
    return { ok: true } as const;
  },
});

/** Whoever asks whether the server lives does not wait for a database that is locked. */
const patienceMs = 500;
