import { healthAnswerSchema } from "../../model/index.ts";
import type { Store } from "../../store/index.ts";
import { operation } from "../operation.ts";

/** Liveness, for whoever asks. A database that takes no writes is told, and tried again at every question. */
export const health = operation({
  id: "health",
  summary: "Liveness",
  answer: healthAnswerSchema,
  errors: [],
  isOpen: true,
  async handle(_, { stores }: { stores(): readonly Store[] }) {
    for (const store of stores()) if (store.trouble) await store.probe().catch(() => {});
    const trouble = stores().find((store) => store.trouble)?.trouble;
    if (trouble) throw trouble;
    return { ok: true } as const;
  },
});
