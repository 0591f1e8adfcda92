import type { z } from "zod";
import type { ApprovalSpec } from "../specs.ts";
import { refuse } from "./checks.ts";

/** The content of a decision. */
export interface Decided {
  readonly approved: boolean;
  readonly note: string | null;
  readonly decidedBy: string | null;
  readonly decidedAtMs: number | null;
  /** The key of the chosen option, in mode `select`. */
  readonly selected: string | null;
  /** The keys of the options, best first, in mode `rank`. */
  readonly ranked: readonly string[] | null;
}

/**
 * The value that a decision gives to an approval's output: only the fields that the schema names, because a strict
 * schema refuses others.
 */
export function decisionValue({ output, mode }: Pick<ApprovalSpec, "output" | "mode">, decided: Decided): unknown {
  const { approved, note, decidedBy, decidedAtMs, selected, ranked } = decided;
  const usual = {
    approved,
    note,
    decidedBy,
    decidedAt: decidedAtMs === null ? null : new Date(decidedAtMs).toISOString(),
    ...(mode === "select" ? { selected } : {}),
    ...(mode === "rank" ? { ranked } : {}),
  };
  if (output.columns.length === 0) return usual;
  return Object.fromEntries(
    Object.entries({ ...usual, notes: note }).filter(([field]) => output.columns.includes(field)),
  );
}

/** Modes that an output's schema is known to accept, so that later frames need not check it again. */
const known = new WeakMap<z.ZodType, Set<string>>();

/**
 * Refuses an output whose schema cannot hold the possible decisions: no one should be asked for an answer that is then
 * lost. Limits on a text, and rules of the author, may depend on the decision and are not checked here.
 * @throws INVALID_WORKFLOW
 */
export function checkHoldsDecision(where: string, spec: ApprovalSpec): void {
  const { output, mode, options, onDeny } = spec;
  if (mode === "answer") return;
  const keys = (options ?? []).map(({ key }) => key);
  const kind = JSON.stringify([mode, onDeny, keys]);
  const held = known.get(output.schema) ?? new Set();
  if (held.has(kind)) return;
  for (const decided of possibleDecisions(mode, keys, onDeny === "continue" && mode === "approve")) {
    const problem = misfit(output.schema, decisionValue(spec, decided));
    if (problem === undefined) continue;
    refuse(where, `the output "${output.key}" cannot hold a decision: ${problem}. Use for example ${fitting[mode]}.`);
  }
  known.set(output.schema, held.add(kind));
}

/** Whether an output takes the decision of an Approval, and keeps whether it was approved. */
export function holdsDecision(output: ApprovalSpec["output"]): boolean {
  if (!output.columns.includes("approved")) return false;
  return possibleDecisions("approve", [], false).every(
    (decided) => misfit(output.schema, decisionValue({ output, mode: "approve" }, decided)) === undefined,
  );
}

/** Whether a schema accepts a value; false when only an asynchronous check can tell. */
export function takesValue(schema: z.ZodType, value: unknown): boolean {
  try {
    return schema.safeParse(value).success;
  } catch {
    return false;
  }
}

const fitting = {
  approve: "approvalDecisionSchema",
  select: "approvalSelectionSchema",
  rank: "approvalRankingSchema",
} as const;

/** One decision of each shape: with and without a note and a name, and for each choice. */
function possibleDecisions(mode: ApprovalSpec["mode"], keys: readonly string[], mayDeny: boolean): Decided[] {
  const choices = mode === "select" ? keys.map((key) => ({ selected: key })) : [{}];
  const ranked = mode === "rank" ? keys : null;
  return (mayDeny ? [true, false] : [true]).flatMap((approved) =>
    choices.flatMap((choice) =>
      [null, "text"].map((text) => ({
        approved,
        note: text,
        decidedBy: text,
        decidedAtMs: 0,
        selected: null,
        ranked,
        ...choice,
      })),
    ),
  );
}

const dependsOnContent: ReadonlySet<string> = new Set(["custom", "too_small", "too_big", "invalid_format"]);

/** Why a value of this shape does not fit; undefined when it fits, or when only the real decision can tell. */
function misfit(schema: z.ZodType, value: unknown): string | undefined {
  let issues: readonly { code?: string; path: PropertyKey[]; message: string }[];
  try {
    issues = schema.safeParse(value).error?.issues ?? [];
  } catch {
    // A schema with asynchronous rules can only check the real decision.
    return undefined;
  }
  const issue = issues.find(({ code }) => !dependsOnContent.has(code ?? ""));
  return issue && [issue.path.join("."), issue.message].filter((part) => part !== "").join(": ");
}
