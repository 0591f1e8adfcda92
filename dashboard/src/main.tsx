import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { isSmithersError } from "smithers-orchestrator/client";
import { followChanges } from "./lib/live.ts";
import { session } from "./lib/session.ts";
import { applyTheme } from "./lib/theme.ts";
import { router } from "./router.tsx";
import "./styles/index.css";

applyTheme();
const queries = new QueryClient({
  queryCache: new QueryCache({ onError: (error) => session.note(error) }),
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: true,
      // A server that is being restarted is back in a moment; an answer that says no stays no.
      retry: (failures, error) => failures < 3 && isSmithersError(error) && error.status >= 500,
      retryDelay: (failures) => 400 * 2 ** failures,
    },
  },
});
session.subscribe(() => {
  if (!session.needsToken) void queries.resetQueries();
});
followChanges(queries);

createRoot(document.getElementById("root")!).render(
  <CSPProvider disableStyleElements>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </CSPProvider>,
);
