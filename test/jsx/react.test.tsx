/** @jsxImportSource smithers-orchestrator */
import { expect, test } from "bun:test";
import {
  Component,
  createContext,
  type ReactNode,
  Suspense,
  use,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "react";
import { createSmithers, Loop, Parallel, Sequence, useCtx, Workflow } from "smithers-orchestrator";
import { z } from "zod";
import { hostileValues } from "../errors/hostile-values.ts";
import { run } from "../support/run.ts";

const { smithers, outputs, Task } = createSmithers({ result: z.object({ value: z.any() }) });

const Step = ({ id, value = id }: { id: string; value?: unknown }) => (
  <Task id={id} output={outputs.result}>
    {() => ({ value })}
  </Task>
);

/** Runs a component between a task before it and one after it. */
const between = (middle: ReactNode) =>
  run(
    smithers(() => (
      <Workflow name="test">
        <Step id="before" />
        {middle}
        <Step id="after" />
      </Workflow>
    )),
  );

test("authors' components, fragments, lists and conditions form the tree", async () => {
  const Pair = ({ name, children }: { name: string; children?: ReactNode }) => (
    <>
      <Step id={`${name}-1`} />
      {children}
      <Step id={`${name}-2`} />
    </>
  );
  const ran = await between(
    <Sequence>
      {["x", "y"].map((name) => (
        <Pair key={name} name={name}>
          {name === "y" && <Step id="inner" />}
        </Pair>
      ))}
      {null}
      {0}
      text
    </Sequence>,
  );
  expect(ran.of("NodeStarted").map(({ nodeId }) => nodeId)).toEqual([
    "before",
    "x-1",
    "x-2",
    "y-1",
    "inner",
    "y-2",
    "after",
  ]);
});

test("context reaches every component below its provider, across the package's components", async () => {
  const Team = createContext("nobody");
  const Told = () => <Step id={useContext(Team)} />;
  const ran = await between(
    <Parallel>
      <Team value="red">
        <Loop until={false} maxIterations={1}>
          <Told />
        </Loop>
      </Team>
      <Told />
    </Parallel>,
  );
  expect(ran.states).toMatchObject({ red: "finished", nobody: "finished" });
});

test("state, memos, refs and reducers are kept from frame to frame of a run, and each run has its own", async () => {
  const Counting = () => {
    const ctx = useCtx();
    const frames = useRef(0);
    frames.current += 1;
    const [first] = useState(() => ctx.runId);
    const made = useMemo(() => Symbol(), []);
    const kept = useRef(made);
    const [sum] = useReducer((state: number) => state + 1, 7);
    const id = useId();
    const isDone = ctx.outputMaybe("result", { nodeId: "before" }) !== undefined;
    const value = { first, same: kept.current === made, sum, hasId: id.length > 0, frames: frames.current > 1 };
    return isDone && <Step id="told" value={value} />;
  };
  const [one, two] = [await between(<Counting />), await between(<Counting />)];
  const expected = { same: true, sum: 7, hasId: true, frames: true };
  expect(one.outputs.told).toEqual({ value: { ...expected, first: one.runId } });
  expect(two.outputs.told).toEqual({ value: { ...expected, first: two.runId } });
});

test("state that an effect sets is in the same frame, and its cleanup runs when the run ends", async () => {
  const cleanups: string[] = [];
  const Effects = () => {
    const [extra, setExtra] = useState<string[]>([]);
    useLayoutEffect(() => {
      setExtra((known) => [...known, "layout"]);
      return () => void cleanups.push("layout");
    }, []);
    useEffect(() => {
      setExtra((known) => [...known, "effect"]);
      return () => void cleanups.push("effect");
    }, []);
    return extra.map((id) => <Step key={id} id={id} />);
  };
  const ran = await between(<Effects />);
  expect(ran.states).toEqual({ before: "finished", layout: "finished", effect: "finished", after: "finished" });
  expect(ran.nodes.layout!.ordinal).toBe(1);
  expect(cleanups.sort()).toEqual(["effect", "layout"]);
});

test("reordering a list reorders the plan", async () => {
  const ran = await run(
    smithers((ctx) => {
      const isFirst = ctx.outputs.result.length === 0;
      const ids = isFirst ? ["a", "b", "c"] : ["c", "a", "b"];
      return (
        <Workflow name="test">
          {ids.map((id) => (
            <Step key={id} id={id} />
          ))}
        </Workflow>
      );
    }),
  );
  expect(ran.of("NodeStarted").map(({ nodeId }) => nodeId)).toEqual(["a", "c", "b"]);
});

test("an error boundary catches errors of its children", async () => {
  class Boundary extends Component<{ children: ReactNode }> {
    override state = { message: "" };
    static getDerivedStateFromError = ({ message }: Error) => ({ message });
    override render() {
      return this.state.message === "" ? this.props.children : <Step id={this.state.message} />;
    }
  }
  const Broken = (): ReactNode => {
    throw new Error("instead");
  };
  const ran = await between(
    <Boundary>
      <Broken />
    </Boundary>,
  );
  expect(ran).toMatchObject({ status: "finished", states: { instead: "finished" } });
});

test("a suspended component shows its Suspense fallback, and without Suspense fails the run", async () => {
  const never = new Promise<string>(() => {});
  const Waiting = () => <Step id={use(never)} />;
  const ran = await between(
    <Suspense fallback={<Step id="fallback" />}>
      <Waiting />
    </Suspense>,
  );
  expect(ran).toMatchObject({ status: "finished", states: { fallback: "finished" } });
  const Late = () => (useCtx().outputMaybe("result", { nodeId: "before" }) ? <Waiting /> : null);
  const Fresh = (): ReactNode => {
    throw Promise.resolve();
  };
  const Asynchronous = (async () => <Step id="late" />) as unknown as () => ReactNode;
  for (const Middle of [Waiting, Late, Fresh, Asynchronous]) {
    const failed = await between(<Middle />);
    expect(failed).toMatchObject({ status: "failed", error: { code: "RENDER_FAILED" } });
    expect(failed.error!.message).toContain("suspended on a promise outside of <Suspense>");
  }
});

test("components and hooks outside of a workflow throw an error", () => {
  expect(() => useCtx()).toThrow();
});

test("a thrown value that React cannot look at leaves nothing behind for other runs", async () => {
  const Tenant = createContext("none");
  const Broken = (): ReactNode => {
    throw hostileValues["a proxy whose traps throw"]!();
  };
  const failed = await between(
    <Tenant value="one">
      <Broken />
    </Tenant>,
  );
  expect(failed).toMatchObject({ status: "failed", error: { code: "RENDER_FAILED" } });
  expect(() => useCtx()).toThrow();
  const Reading = () => <Step id={useContext(Tenant)} />;
  expect(await between(<Reading />)).toMatchObject({ status: "finished", states: { none: "finished" } });
});
