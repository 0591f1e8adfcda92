import type { ToolAccess } from "../specs.ts";
import { checkMs, refuse } from "./checks.ts";
import { type Duration, parseDurationMs } from "./duration.ts";
import { checkFields } from "./props.ts";

/** The longest time between two heartbeats, from either of its props. @throws INVALID_WORKFLOW */
export function heartbeatLimit(
  props: { heartbeatTimeoutMs?: number; heartbeatTimeout?: number | Duration },
  where: string,
): number | undefined {
  const { heartbeatTimeoutMs, heartbeatTimeout: given } = props;
  if (given === undefined) return checkMs(where, "heartbeatTimeoutMs", heartbeatTimeoutMs);
  if (heartbeatTimeoutMs !== undefined) {
    refuse(where, "heartbeatTimeout and heartbeatTimeoutMs are the same limit; set one of them.");
  }
  const limitMs = parseDurationMs(given);
  if (limitMs !== undefined) return limitMs;
  refuse(
    where,
    `heartbeatTimeout must be a number of milliseconds or a duration such as "30s"; it is ${JSON.stringify(given)}.`,
  );
}

/** The restrictions on a task's tools. @throws INVALID_WORKFLOW */
export function toolAccess(
  { tools, allowTools }: { tools?: ToolAccess; allowTools?: readonly string[] },
  where: string,
): ToolAccess | undefined {
  if (tools !== undefined) checkAccess(tools, where);
  if (allowTools === undefined) return tools;
  if (!isNames(allowTools)) refuse(where, "allowTools must be an array of tool names.");
  if (tools?.allow) refuse(where, "allowTools and tools.allow are the same list; set one of them.");
  return { ...tools, allow: allowTools };
}

function checkAccess(tools: ToolAccess, where: string): void {
  checkFields<Required<ToolAccess>>(where, "tools", tools, { rootDir: true, allowNetwork: true, allow: true });
  const { rootDir, allowNetwork, allow } = tools;
  if (rootDir !== undefined && (typeof rootDir !== "string" || rootDir === "")) {
    refuse(where, "tools.rootDir must be the path of a folder.");
  }
  if (allowNetwork !== undefined && typeof allowNetwork !== "boolean") {
    refuse(where, "tools.allowNetwork must be true or false.");
  }
  if (allow !== undefined && !isNames(allow)) refuse(where, "tools.allow must be an array of tool names.");
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}
