import type { Hono } from "hono";
import type { ServerContext } from "../context.ts";

/** Liveness, for whoever asks. A database that takes no writes is told, and tried again at every question. */
export function healthRoute(app: Hono, { homes }: ServerContext): void {
  app.get("/health", async (c) => {
    for (const { store } of homes.all()) if (store.trouble) await store.probe().catch(() => {});
    const trouble = homes.all().find(({ store }) => store.trouble)?.store.trouble;
    if (!trouble) return c.json({ ok: true });
    return c.json({ ok: false, error: { code: trouble.code, message: trouble.message } }, 503);
  });
}
