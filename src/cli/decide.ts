import type { ApprovalItem } from "../api/index.ts";
import { isSmithersError } from "../errors/index.ts";
import { oneLine } from "../text/printable.ts";
import type { CommandContext, ExitCode } from "./command.ts";
import { usageError } from "./errors.ts";
import { sayHowToContinue } from "./how-to-continue.ts";
import { readJsonOption } from "./input/input.ts";
import { shellUser } from "./shell-user.ts";
import { latestRun, resolveNode, resolveRun } from "./source/resolve-run.ts";
import type { Source } from "./source/source.ts";

export interface DecideOptions {
  readonly node?: string;
  readonly iteration?: number;
  readonly note?: string;
  readonly by?: string;
  readonly select?: string;
  readonly rank?: readonly string[];
  /** JSON, `@file`, or `-` for stdin. */
  readonly data?: string;
}

type Verdict = "granted" | "denied";
/** The node that is decided, and the chosen option or ranking. */
interface Choice {
  readonly nodeId: string;
  readonly iteration?: number;
  readonly selected?: string;
  readonly ranked?: string[];
  /** The answer to a question that asks for one. */
  readonly data?: unknown;
  /** When the question was asked that the person has seen. */
  readonly requestedAtMs?: number;
}

/**
 * Decides an approval that a run is waiting for.
 * @throws RUN_NOT_FOUND, NODE_NOT_FOUND, NODE_NOT_WAITING, INVALID_USAGE when a choice is missing and there is no
 *   terminal to ask on
 */
export async function decideApproval(
  context: CommandContext,
  status: Verdict,
  options: DecideOptions,
  ...words: readonly [run: string | undefined, node: string | undefined]
): Promise<ExitCode | undefined> {
  const state = await context.source();
  const [run, node] = words;
  if (options.node !== undefined && node !== undefined && node !== options.node) {
    throw usageError(`Name one node: "${node}" or, with --node, "${options.node}".`);
  }
  const [runId, givenNode] =
    options.node === undefined ? await placeWords(context, state, words) : [await context.runId(run), options.node];
  const choice = await choose(
    context,
    state,
    { runId, nodeId: givenNode, iteration: options.iteration },
    status,
    options,
  );
  // A person who leaves the prompt has decided nothing.
  if (choice === "left") return 130;
  const decidedBy = options.by ?? shellUser();
  await state.decide({ runId, status, ...choice, note: options.note, decidedBy });
  const { out } = context;
  const { nodeId, iteration = null } = choice;
  if (out.isJson) {
    const takenIn = await state.isTakenIn(runId);
    out.json({ runId, nodeId, iteration, status, decidedBy: decidedBy ?? null, takenIn });
    return undefined;
  }
  const what = status === "granted" ? out.style("green", "approved") : out.style("red", "denied");
  out.line(`"${oneLine(nodeId)}" is ${what}.`);
  sayHowToContinue(context, runId, await state.isTakenIn(runId));
  return undefined;
}

/** The run, and the node if one is named. A single word is a run, or else a node of the latest run. */
async function placeWords(
  context: CommandContext,
  state: Source,
  [run, node]: readonly [run: string | undefined, node: string | undefined],
): Promise<readonly [runId: string, nodeId: string | undefined]> {
  if (run === undefined || node !== undefined) return [await context.runId(run), node];
  try {
    return [await context.runId(run), undefined];
  } catch (error) {
    if (!isSmithersError(error) || error.code !== "RUN_NOT_FOUND") throw error;
    const latest = await resolveRun(state, latestRun).catch(() => undefined);
    const nodes = latest === undefined ? [] : await state.listNodes(latest);
    if (!nodes.some(({ nodeId }) => nodeId === run)) throw error;
    return [await context.runId(latestRun), run];
  }
}

/** What a person has named to be decided. */
interface Named {
  readonly runId: string;
  readonly nodeId: string | undefined;
  readonly iteration: number | undefined;
}

async function choose(
  context: CommandContext,
  state: Source,
  { runId, nodeId: givenNode, iteration: givenIteration }: Named,
  status: Verdict,
  options: DecideOptions,
): Promise<Choice | "left"> {
  const named = {
    selected: options.select,
    ranked: options.rank && [...options.rank],
    ...(options.data !== undefined && { data: readJsonOption(options.data, "--data") }),
  };
  const isComplete =
    status === "denied" || named.selected !== undefined || named.ranked !== undefined || "data" in named;
  if (givenNode !== undefined && isComplete) {
    await resolveNode(state, runId, givenNode, givenIteration);
    return { nodeId: givenNode, iteration: givenIteration, ...named };
  }
  const waiting = (await state.listApprovals(runId)).filter(
    ({ nodeId, iteration }) => (givenNode ?? nodeId) === nodeId && (givenIteration ?? iteration) === iteration,
  );
  if (waiting.length === 0) {
    if (givenNode === undefined)
      throw usageError(`The run "${runId}" is not waiting for a decision.`, "NODE_NOT_WAITING");
    await resolveNode(state, runId, givenNode, givenIteration);
    // The node no longer waits. The store knows whether the same decision was made before.
    return { nodeId: givenNode, iteration: givenIteration, ...named };
  }
  const canAsk = context.out.isTerminal && process.stdin.isTTY === true && !context.out.isJson;
  if (waiting.length > 1 && !canAsk) throw severalWaiting(context, status, runId, waiting);
  const { askChoice, askWhich } = await import("./terminal/ask.ts");
  const approval = waiting.length === 1 ? waiting[0]! : await askWhich(waiting);
  if (approval === undefined) return "left";
  const { nodeId, iteration, requestedAtMs } = approval;
  if (isComplete || approval.mode === "approve") return { nodeId, iteration, requestedAtMs, ...named };
  // Clients of the published package write the answer into the note.
  if (approval.mode === "answer" && options.note !== undefined) return { nodeId, iteration, requestedAtMs };
  if (!canAsk) throw await choiceRequired(approval);
  const chosen = await askChoice(approval);
  return chosen === undefined ? "left" : { nodeId, iteration, requestedAtMs, ...chosen };
}

function severalWaiting(context: CommandContext, status: Verdict, runId: string, waiting: readonly ApprovalItem[]) {
  const verb = status === "granted" ? "approve" : "deny";
  const lines = waiting.map(({ nodeId, iteration }) => {
    const turn = iteration === 0 ? [] : ["--iteration", String(iteration)];
    return `  ${context.commandLine(verb, runId, nodeId, ...turn)}`;
  });
  return usageError(`The run is waiting for several decisions. Name one:\n${lines.join("\n")}`);
}

async function choiceRequired({ nodeId, mode, options, dataSchema }: ApprovalItem) {
  if (mode === "answer") {
    const { sampleOf } = await import("../model/sample.ts");
    const sample = JSON.stringify(sampleOf(dataSchema ?? {}) ?? {});
    return usageError(`"${nodeId}" asks for an answer. Add it as JSON, for example: --data '${sample}'`);
  }
  const keys = (options ?? []).map(({ key }) => key);
  const how =
    mode === "select"
      ? `--select with one of: ${keys.join(", ")}`
      : `--rank with all of these, best first: ${keys.join(",")}`;
  return usageError(`"${nodeId}" needs a choice. Add ${how}.`);
}
