import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { methodNotAllowed } from "hono/method-not-allowed";
import { requestId } from "hono/request-id";
import { SmithersError } from "../errors/index.ts";
import type { ServerContext } from "./context.ts";
import { requireToken } from "./middleware/auth.ts";
import { answerError, envelope } from "./middleware/errors.ts";
import { safeHeaders } from "./middleware/headers.ts";
import { approvalRoutes } from "./routes/approvals.ts";
import { eventRoutes } from "./routes/events.ts";
import { healthRoute } from "./routes/health.ts";
import { runRoutes } from "./routes/runs.ts";
import { signalRoutes } from "./routes/signals.ts";

/** The server's routes, and what every request passes on its way to them. */
export function createApp(context: ServerContext): Hono {
  const { authToken, maxBodyBytes } = context.options;
  const app = new Hono();
  app.onError(answerError);
  app.notFound((c) => envelope(c, new SmithersError("NOT_FOUND", `There is nothing at ${c.req.path}.`)));

  app.use(requestId(), safeHeaders);
  healthRoute(app, context);
  if (authToken !== undefined) app.use(requireToken(authToken));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed(c, methods) {
        c.header("Allow", methods.join(", "));
        return envelope(c, new SmithersError("METHOD_NOT_ALLOWED", `${c.req.path} does not take ${c.req.method}.`));
      },
    }),
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new SmithersError("PAYLOAD_TOO_LARGE", `The body is larger than ${maxBodyBytes} bytes.`);
      },
    }),
  );
  runRoutes(app, context);
  eventRoutes(app, context);
  approvalRoutes(app, context);
  signalRoutes(app, context);
  return app;
}
