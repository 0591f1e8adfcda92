import type { ReactElement } from "react";
import type { z } from "zod";
import { callingFile, noteFiles } from "../containment/index.ts";
import { SmithersError } from "../errors/index.ts";
import { ApprovalComponent, type ApprovalProps } from "./components/approval.ts";
import { ApprovalGate, type ApprovalGateProps } from "./components/approval-gate.ts";
import { Aspects } from "./components/aspects.ts";
import { refuse, shown } from "./components/checks.ts";
import { ContinueAsNew, continueAsNew } from "./components/continue-as-new.ts";
import { EscalationChain, type EscalationChainProps } from "./components/escalation-chain.ts";
import { HumanTask, type HumanTaskProps } from "./components/human-task.ts";
import { checkFields } from "./components/props.ts";
import { Saga } from "./components/saga.ts";
import { Subflow, type SubflowProps } from "./components/subflow.ts";
import { Task } from "./components/task.ts";
import type { OutputTarget, TaskComponent } from "./components/task-props.ts";
import { Timer } from "./components/timer.ts";
import { TryCatchFinally } from "./components/try-catch-finally.ts";
import { SignalComponent, WaitForEvent, type WaitForEventProps } from "./components/wait-for-event.ts";
import { Branch, Loop, MergeQueue, Parallel, Sequence, WorkflowComponent } from "./components/workflow.ts";
import { Worktree } from "./components/worktree.ts";
import type { Ctx } from "./ctx.ts";
import { useCtx } from "./frame-context.ts";
import { type OutputRefs, OutputRegistry, type Schemas } from "./outputs.ts";
import { addPublishedMembers } from "./published-members.ts";
import { makeWorkflow, type Workflow } from "./workflow.ts";

/** The keys that `output` accepts: all but the run's input. */
type OutputsOf<S> = Omit<S, "input">;

type TargetOf<S extends Schemas> = OutputTarget<OutputsOf<S>>;

/** The components, typed by the schemas of one `createSmithers` call. */
export interface SmithersApi<S extends Schemas> {
  /** Creates the workflow, to be the module's default export. */
  smithers(build: (ctx: Ctx<S>) => ReactElement): Workflow<S>;
  readonly outputs: OutputRefs<S>;
  readonly Workflow: typeof WorkflowComponent;
  readonly Task: TaskComponent<OutputsOf<S>>;
  readonly Sequence: typeof Sequence;
  readonly Parallel: typeof Parallel;
  readonly Branch: typeof Branch;
  readonly Loop: typeof Loop;
  /** Another name of Loop. */
  readonly Ralph: typeof Loop;
  readonly MergeQueue: typeof MergeQueue;
  readonly TryCatchFinally: typeof TryCatchFinally;
  readonly Saga: typeof Saga;
  readonly Aspects: typeof Aspects;
  readonly Subflow: <O extends TargetOf<S>, C extends Schemas>(props: SubflowProps<O, C>) => ReactElement;
  readonly ContinueAsNew: typeof ContinueAsNew;
  readonly continueAsNew: typeof continueAsNew;
  readonly Approval: <O extends TargetOf<S>, M extends "approve" | "select" | "rank" = "approve">(
    props: ApprovalProps<O, OutputsOf<S>, M>,
  ) => ReactElement;
  readonly ApprovalGate: <O extends TargetOf<S>>(props: ApprovalGateProps<O, OutputsOf<S>>) => ReactElement;
  readonly EscalationChain: (props: EscalationChainProps<TargetOf<S>>) => ReactElement | null;
  readonly HumanTask: <O extends TargetOf<S>>(props: HumanTaskProps<O>) => ReactElement;
  readonly Worktree: typeof Worktree;
  readonly WaitForEvent: <O extends TargetOf<S>>(props: WaitForEventProps<O>) => ReactElement;
  readonly Signal: typeof SignalComponent;
  readonly Timer: typeof Timer;
  /** The frame's `ctx`, in any component. */
  readonly useCtx: () => Ctx<S>;
}

export interface CreateSmithersOptions {
  /**
   * SQLite file for this workflow's runs; a relative path starts at the run's `rootDir`. With `:memory:`, `runWorkflow`
   * keeps a run in memory; servers and the command keep it in their database.
   */
  dbPath?: string;
}

function checkOptions(options: CreateSmithersOptions): void {
  checkFields<Required<CreateSmithersOptions>>("createSmithers", "its second argument", options, { dbPath: true });
  const { dbPath } = options;
  if (dbPath === undefined || (typeof dbPath === "string" && dbPath !== "")) return;
  refuse("createSmithers", `dbPath must be the path of a file; it is ${shown(dbPath)}.`);
}

/**
 * Declares a workflow's outputs, and returns the components and helpers typed by them.
 *
 * @param schemas a Zod schema per output; one named `input` types and validates `ctx.input`
 * @throws INVALID_WORKFLOW when a value is not a Zod schema, or an option is not as it must be
 * @example
 * const { smithers, outputs } = createSmithers({ result: z.object({ stdout: z.string() }) });
 */
export function createSmithers<const S extends Record<string, z.ZodType>>(
  schemas: S,
  options: CreateSmithersOptions = {},
): SmithersApi<S> {
  checkOptions(options);
  const registry = new OutputRegistry(schemas);
  const api: SmithersApi<S> = {
    smithers(build) {
      if (typeof build !== "function") {
        throw new SmithersError("INVALID_WORKFLOW", "smithers(build) requires a function that takes ctx.");
      }
      const workflow = makeWorkflow<S>({
        // Its ctx is typed by these schemas; a workflow does not know them.
        build: build as unknown as Workflow["build"],
        registry,
        dbPath: options.dbPath,
      });
      const file = callingFile();
      if (file !== undefined) noteFiles(workflow, [file]);
      return workflow;
    },
    outputs: registry.refs as OutputRefs<S>,
    Workflow: WorkflowComponent,
    Task: Task as TaskComponent<OutputsOf<S>>,
    Sequence,
    Parallel,
    Branch,
    Loop,
    Ralph: Loop,
    MergeQueue,
    TryCatchFinally,
    Saga,
    Aspects,
    Subflow: Subflow as SmithersApi<S>["Subflow"],
    ContinueAsNew,
    continueAsNew,
    ApprovalGate: ApprovalGate as SmithersApi<S>["ApprovalGate"],
    Approval: ApprovalComponent as SmithersApi<S>["Approval"],
    EscalationChain: EscalationChain as SmithersApi<S>["EscalationChain"],
    HumanTask: HumanTask as SmithersApi<S>["HumanTask"],
    Worktree,
    WaitForEvent: WaitForEvent as SmithersApi<S>["WaitForEvent"],
    Signal: SignalComponent,
    Timer,
    useCtx: useCtx as unknown as () => Ctx<S>,
  };
  addPublishedMembers(api);
  return api;
}
