import { healthAnswerSchema } from "../../model/index.ts";
import type { Store } from "../../store/index.ts";
import { operation } from "../operation.ts";

/** Liveness, for whoever asks. A database that takes no writes is told, and tried again at every question. */
export const health = operation({
  id: "health",
  summary: "Liveness",
  answer: healthAnswerSchema,
  errors: ["DB_BUSY", "DB_READ_ONLY", "DB_FULL", "DB_CORRUPT", "DB_UNAVAILABLE"],
  isOpen: true,
  async handle({ c }, { stores }: { stores(): readonly Store[] }) {
    for (const store of stores()) if (store.trouble) await store.probe().catch(() => {});
    const trouble = stores().find((store) => store.trouble)?.trouble;
    if (!trouble) return { ok: true } as const;
    return c.json({ ok: false, error: { code: trouble.code, message: trouble.message, details: null } }, 503);
  },
});
