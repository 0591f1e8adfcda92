import type { ReactElement, ReactNode } from "react";
import { messageOf } from "../../errors/index.ts";
import { createCtx } from "../ctx.ts";
import { LoopContext, useFrame } from "../frame-context.ts";
import { idsOf, nodePlace } from "../loop-places.ts";
import { useFailures } from "../parts.ts";
import { React } from "../react.ts";
import type { Agent } from "../specs.ts";
import { ApprovalComponent, type ApprovalProps } from "./approval.ts";
import { checkId, checkText, refuse } from "./checks.ts";
import { holdsDecision, takesValue } from "./decision.ts";
import { HumanTask } from "./human-task.ts";
import { leftOut } from "./left-out.ts";
import { checkFields, checkProps, propNames } from "./props.ts";
import { Task } from "./task.ts";
import type { OutputTarget } from "./task-props.ts";

export interface EscalationLevel<O = OutputTarget> {
  /** An agent, or several that are tried in order until one answers. */
  agent: Agent | readonly Agent[];
  output: O;
  label?: string;
  /** Whether the next level is asked although this one has answered; called with its result, at every frame. */
  // biome-ignore lint/suspicious/noExplicitAny: each level has its own output
  escalateIf?: (result: any) => boolean;
}

export interface EscalationChainProps<O = OutputTarget> {
  /** Default: `escalation`. The levels are `<id>-level-0`, and so on; the person's node is `<id>-human-fallback`. */
  id?: string;
  /** Asked in this order: the next one when one fails, or its `escalateIf` is true. */
  levels: readonly EscalationLevel<O>[];
  /** The output of the person's node, and of a node for each escalation if its schema takes one. */
  escalationOutput: O;
  /** Whether a person is asked when no level is left. */
  humanFallback?: boolean;
  humanRequest?: { title: string; summary?: string; metadata?: Record<string, unknown> };
  /** Omits the chain. */
  skipIf?: boolean;
  /** The prompt of every level. */
  children?: ReactNode;
}

const chainProps = propNames<EscalationChainProps>({
  id: true,
  levels: true,
  escalationOutput: true,
  humanFallback: true,
  humanRequest: true,
  skipIf: true,
  children: true,
});

/** Asks agents one after the other, as long as each fails or passes the question on, and at last a person. */
export function EscalationChain<O extends OutputTarget>(props: EscalationChainProps<O>): ReactElement | null {
  checkProps("EscalationChain", props, chainProps);
  const id = props.id === undefined ? "escalation" : checkId("EscalationChain", props.id);
  const where = `<EscalationChain id="${id}">`;
  const { levels } = props;
  checkLevels(levels, where);
  if (props.children === undefined && !props.skipIf) refuse(where, "a prompt is required as its children.");
  const frame = useFrame("<EscalationChain>");
  const { registry } = frame;
  const reads = frame.reads();
  const view = useFailures("<EscalationChain>");
  const scope = React.useContext(LoopContext);
  const ctx = createCtx(view, registry, reads, scope);
  const output = registry.resolve(props.escalationOutput, `${where} escalationOutput`);
  const tasks = levels.map((level, index) => levelTask(id, level, index, props.children));
  const human = props.humanFallback ? humanNode(id, props, holdsDecision(output)) : null;
  if (props.skipIf) return leftOut(tasks, human);

  /** Whether the level's turn is over and the next one's has come. */
  const passesOn = (level: EscalationLevel<O>, nodeId: string): boolean => {
    reads.node(nodeId);
    const place = nodePlace(nodeId, idsOf(scope), (key) => view.loopIteration(key));
    const state = view.stateOf(place.nodeId, place.iteration)?.state;
    if (state === "failed") return true;
    if (state !== "finished" || !level.escalateIf) return false;
    const result = ctx.outputMaybe(level.output, { nodeId });
    if (result === undefined) return false;
    try {
      return Boolean(level.escalateIf(result));
    } catch (cause) {
      refuse(where, `escalateIf of "${nodeId}" failed: ${messageOf(cause)}`);
    }
  };

  const mounted: (ReactElement | null)[] = [];
  for (const [index, level] of levels.entries()) {
    mounted.push(tasks[index]!);
    if (!passesOn(level, levelId(id, index))) break;
    const isLast = index === levels.length - 1;
    const escalation = { escalated: true, fromLevel: index, toLevel: index + 1 };
    if ((!isLast || human) && takesValue(output.schema, escalation)) {
      mounted.push(
        React.createElement(taskElement, {
          key: `check-${index}`,
          id: `${id}-check-${index}`,
          output: props.escalationOutput,
          label: isLast ? "Passed on to a person" : `Passed on to level ${index + 2}`,
          children: escalation,
        }),
      );
    }
    if (isLast) mounted.push(human);
  }
  return React.createElement(
    "smithers:escalation-chain",
    { spec: { type: "sequence" }, shown: { id, levels: levels.length } },
    ...mounted,
  );
}

/** Task, for props whose types are known only to the author. */
const taskElement = Task as unknown as (given: Record<string, unknown>) => ReactElement;

const levelId = (id: string, index: number) => `${id}-level-${index}`;

function levelTask(id: string, level: EscalationLevel, index: number, prompt: ReactNode): ReactElement {
  return React.createElement(taskElement, {
    key: `level-${index}`,
    id: levelId(id, index),
    output: level.output,
    agent: level.agent,
    label: level.label ?? `Level ${index + 1}`,
    continueOnFail: true,
    children: prompt,
  });
}

/** A yes or no where the output takes a decision, and otherwise a value of the output. */
function humanNode(id: string, props: EscalationChainProps, isDecision: boolean): ReactElement {
  const { title, summary, metadata } = props.humanRequest ?? {
    title: "The agents could not settle this",
    summary: `All ${props.levels.length} levels have failed, or have passed it on.`,
  };
  const common = {
    key: "human",
    id: `${id}-human-fallback`,
    output: props.escalationOutput,
    label: title,
    continueOnFail: true,
  };
  if (isDecision) {
    return React.createElement(
      ApprovalComponent as (given: ApprovalProps<unknown>) => ReactElement,
      {
        ...common,
        request: { title, summary, metadata },
      } as never,
    );
  }
  return React.createElement(HumanTask, { ...common, prompt: summary ?? title, meta: metadata });
}

function checkLevels(levels: unknown, where: string): asserts levels is readonly EscalationLevel[] {
  if (!Array.isArray(levels) || levels.length === 0) {
    refuse(where, "levels must be an array of { agent, output, label?, escalateIf? } with at least one.");
  }
  const known = { agent: true, output: true, label: true, escalateIf: true } as const;
  for (const [index, level] of levels.entries()) {
    const name = `levels[${index}]`;
    if (typeof level !== "object" || level === null) refuse(where, `${name} must be an object.`);
    checkFields<Required<EscalationLevel>>(where, name, level, known);
    if (level.agent === undefined || level.agent === null) refuse(where, `${name}.agent is required.`);
    checkText(where, `${name}.label`, level.label);
    if (level.escalateIf !== undefined && typeof level.escalateIf !== "function") {
      refuse(where, `${name}.escalateIf must be a function of the level's result.`);
    }
  }
}
