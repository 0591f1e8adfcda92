import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { Frame } from "smithers-orchestrator/client";
import { queryOf, type RunFilter } from "./run-filter.ts";
import { client } from "./session.ts";

/** What the page reads of the server. What changes is invalidated by `live.ts`; nothing is polled. */
export const approvalsQuery = queryOptions({ queryKey: ["approvals"], queryFn: () => client().approvals.list() });

const pageSize = 200;

export const runsQuery = (filter: RunFilter) =>
  infiniteQueryOptions({
    queryKey: ["runs", filter],
    queryFn: ({ pageParam }) =>
      client()
        .runs.list({ ...queryOf(filter, Date.now()), limit: pageSize, cursor: pageParam })
        .page(),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });

export const runQuery = (runId: string) =>
  queryOptions({ queryKey: ["run", runId], queryFn: () => client().runs.get(runId) });

export const workflowsQuery = queryOptions({
  queryKey: ["workflows"],
  queryFn: () => Array.fromAsync(client().workflows.list()),
  staleTime: 10_000,
});

/** One frame; it never changes. */
export const frameQuery = (runId: string, frameNo: number) =>
  queryOptions({
    queryKey: ["frame", runId, frameNo],
    queryFn: async (): Promise<Frame> => {
      const { items } = await client()
        .runs.frames(runId, { order: "asc", limit: 1, afterFrameNo: frameNo - 1 })
        .page();
      return items[0]!;
    },
    enabled: frameNo > 0,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });

/** A node with its output, attempts and tool calls; read again when `version` changes. */
export const nodeQuery = (runId: string, nodeId: string, iteration: number, version: string) =>
  queryOptions({
    queryKey: ["node", runId, nodeId, iteration, version],
    queryFn: () => client().runs.node(runId, nodeId, iteration),
  });
