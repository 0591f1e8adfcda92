import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { readFilter } from "./lib/run-filter.ts";
import { readRunSearch } from "./lib/run-search.ts";
import { RunsPage } from "./pages/runs/runs-page.tsx";
import { Shell } from "./ui/shell.tsx";
import { Empty, ShowAllRuns, Trouble } from "./ui/states.tsx";

const rootRoute = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Empty isPage title="There is no such page">
      <p>
        <ShowAllRuns />
      </p>
    </Empty>
  ),
  errorComponent: ({ error, reset }) => <Trouble isPage error={error} retry={reset} />,
});

const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  validateSearch: readFilter,
  component: RunsPage,
  staticData: { title: "Runs" },
});

const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/runs/$runId",
  validateSearch: readRunSearch,
  component: lazyRouteComponent(() => import("./pages/run/run-page.tsx"), "RunPage"),
  staticData: { title: "Run" },
});

const approvalsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/approvals",
  validateSearch: ({ run, node }: Record<string, unknown>): { run?: string; node?: string } => ({
    run: run === undefined ? undefined : String(run),
    node: node === undefined ? undefined : String(node),
  }),
  component: lazyRouteComponent(() => import("./pages/approvals/approvals-page.tsx"), "ApprovalsPage"),
  staticData: { title: "Approvals" },
});

const startRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/start",
  validateSearch: (search: Record<string, unknown>): { workflow?: string } => ({
    workflow: typeof search.workflow === "string" ? search.workflow : undefined,
  }),
  component: lazyRouteComponent(() => import("./pages/start.tsx"), "StartPage"),
  staticData: { title: "Start a run" },
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([runsRoute, runRoute, approvalsRoute, startRoute]),
  basepath: "/dashboard",
  defaultPreload: "intent",
  scrollRestoration: false,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
  interface StaticDataRouteOption {
    title?: string;
  }
}
