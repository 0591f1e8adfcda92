import { expect, test } from "bun:test";
import fc from "fast-check";
import { folder } from "../support/folder.ts";
import { ServerProcess, withoutWorkers } from "../support/process.ts";
import { workflowFile } from "../support/workflows.ts";

const asking = workflowFile(
  `<Approval id="ask" output={outputs.decision} request={{ title: "?" }} onDeny={ctx.input.onDeny} />
   <WaitForEvent id="go" event="go" output={outputs.result} />
   <Task id="last" output={outputs.result}>{() => ({ value: [ctx.output(outputs.decision, { nodeId: "ask" }).approved, ctx.output(outputs.result, { nodeId: "go" }).value] })}</Task>`,
  { schemas: "decision: approvalDecisionSchema, result: z.object({ value: z.any() })" },
);

type Status = "waiting-approval" | "waiting-event" | "finished" | "failed" | "cancelled";

/** What must be true of a run, whatever has crashed meanwhile. */
class ModelRun {
  decision: "granted" | "denied" | undefined;
  readonly signals: number[] = [];
  cancelled = false;
  readonly #onDeny: "fail" | "continue";

  constructor(onDeny: "fail" | "continue") {
    this.#onDeny = onDeny;
  }

  get status(): Status {
    if (this.cancelled) return "cancelled";
    if (this.decision === undefined) return "waiting-approval";
    if (this.decision === "denied" && this.#onDeny === "fail") return "failed";
    return this.signals.length > 0 ? "finished" : "waiting-event";
  }

  get hasEnded(): boolean {
    return this.status === "finished" || this.status === "failed" || this.status === "cancelled";
  }

  get output(): unknown {
    return this.status === "finished" ? [this.decision === "granted", this.signals[0]] : undefined;
  }
}

class Model {
  readonly runs = new Map<string, ModelRun>();
}

class Real {
  server: ServerProcess;
  readonly root: string;

  constructor(server: ServerProcess, root: string) {
    this.server = server;
    this.root = root;
  }

  async crash(): Promise<void> {
    await this.server.kill();
    this.server = await ServerProcess.start(this.root, withoutWorkers);
  }

  /** Waits until the run stands as it must. */
  async settles(runId: string, expected: ModelRun): Promise<void> {
    for await (const { event } of this.server.events(runId)) {
      if (event.type === "RunStatusChanged" && event.status === expected.status) break;
    }
    const run = await this.server.run(runId);
    expect([runId, run.status]).toEqual([runId, expected.status]);
    const value = expected.status === "finished" ? (run.output as { value: unknown }).value : undefined;
    expect(value).toEqual(expected.output);
  }
}

type Command = fc.AsyncCommand<Model, Real>;

/** Runs are named by the order of their start, so that a shrunk list of commands still makes sense. */
const nth = (model: Model, index: number): [string, ModelRun] | undefined =>
  [...model.runs][index % Math.max(model.runs.size, 1)];

class Start implements Command {
  readonly onDeny: "fail" | "continue";
  constructor(onDeny: "fail" | "continue") {
    this.onDeny = onDeny;
  }
  check = () => true;
  async run(model: Model, real: Real) {
    const runId = await real.server.start("asking.tsx", { onDeny: this.onDeny });
    model.runs.set(runId, new ModelRun(this.onDeny));
    await real.settles(runId, model.runs.get(runId)!);
  }
  toString = () => `start(${this.onDeny})`;
}

abstract class OnRun implements Command {
  readonly index: number;
  constructor(index: number) {
    this.index = index;
  }
  check = (model: Readonly<Model>) => model.runs.size > 0;
  async run(model: Model, real: Real) {
    const [runId, run] = nth(model, this.index)!;
    await this.act(runId, run, real);
    await real.settles(runId, run);
  }
  protected abstract act(runId: string, run: ModelRun, real: Real): Promise<void>;
  toString = () => `${this.constructor.name}(${this.index})`;
}

class Decide extends OnRun {
  readonly decision: "granted" | "denied";
  constructor(index: number, decision: "granted" | "denied") {
    super(index);
    this.decision = decision;
  }
  protected async act(runId: string, run: ModelRun, { server }: Real) {
    const path = `/v1/runs/${runId}/nodes/ask/${this.decision === "granted" ? "approve" : "deny"}`;
    const { status } = await server.post(path);
    const counts = run.status === "waiting-approval";
    // The same decision again is no conflict.
    expect(status).toBe(counts || run.decision === this.decision ? 200 : 409);
    if (counts) run.decision = this.decision;
  }
  override toString = () => `${this.decision}(${this.index})`;
}

class Deliver extends OnRun {
  readonly value: number;
  constructor(index: number, value: number) {
    super(index);
    this.value = value;
  }
  protected async act(runId: string, run: ModelRun, { server }: Real) {
    const { status, body } = await server.post(`/v1/runs/${runId}/signals/go`, { data: { value: this.value } });
    // One that has failed may be resumed, and keeps what comes for it.
    const isKept = !run.hasEnded || run.status === "failed";
    expect(status).toBe(isKept ? 200 : 409);
    if (!isKept) return;
    run.signals.push(this.value);
    expect(body.seq).toBe(run.signals.length);
  }
}

class Cancel extends OnRun {
  protected async act(runId: string, run: ModelRun, { server }: Real) {
    const { status } = await server.post(`/v1/runs/${runId}/cancel`);
    expect(status).toBe(run.hasEnded ? 409 : 200);
    run.cancelled ||= !run.hasEnded;
  }
}

class Resume extends OnRun {
  protected async act(runId: string, run: ModelRun, { server }: Real) {
    if (run.status === "failed") return;
    const { status, body } = await server.post(`/v1/runs/${runId}/resume`);
    if (run.hasEnded) expect([status, body.error?.code]).toEqual([409, "RUN_NOT_ACTIVE"]);
    // It is continued by itself too, and whoever asks for that is told.
    else expect([200, 409]).toContain(status);
  }
}

class Crash implements Command {
  check = () => true;
  async run(model: Model, real: Real) {
    await real.crash();
    for (const [runId, run] of model.runs) await real.settles(runId, run);
  }
  toString = () => "crash";
}

test("whatever is asked of runs, and whenever their server is killed, they stand as a simple model says", async () => {
  const root = folder({ "asking.tsx": asking });
  const real = new Real(await ServerProcess.start(root, withoutWorkers), root);
  const index = fc.nat({ max: 5 });
  const commands = fc.commands(
    [
      fc.constantFrom("fail" as const, "continue" as const).map((onDeny) => new Start(onDeny)),
      fc
        .tuple(index, fc.constantFrom("granted" as const, "denied" as const))
        .map(([n, decision]) => new Decide(n, decision)),
      fc.tuple(index, fc.nat()).map(([n, value]) => new Deliver(n, value)),
      index.map((n) => new Cancel(n)),
      index.map((n) => new Resume(n)),
      fc.constant(new Crash()),
    ],
    { maxCommands: 30, size: "max" },
  );
  await fc.assert(
    fc.asyncProperty(commands, (given) => fc.asyncModelRun(() => ({ model: new Model(), real }), given)),
    { numRuns: 4 },
  );
});
