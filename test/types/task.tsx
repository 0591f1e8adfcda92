/** @jsxImportSource smithers-orchestrator */
/** What the compiler must accept and refuse; `npm run check` compiles it and nothing runs it. */
import { createSmithers, Task as PlainTask, type TaskContext, Workflow } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Task } = createSmithers({
  input: z.object({ topic: z.string() }),
  count: z.object({ n: z.number() }),
  note: z.string(),
  coerced: z.object({ at: z.date(), tags: z.array(z.string()).default([]) }),
});

export const values = smithers(() => (
  <Workflow name="values">
    <Task id="a" output={outputs.count}>
      {{ n: 1 }}
    </Task>
    <Task id="b" output="count">
      {{ n: 1 }}
    </Task>
    <Task id="c" output={outputs.note}>
      text
    </Task>
    {/* What has a default may be left out. */}
    <Task id="d" output={outputs.coerced}>
      {{ at: new Date(0) }}
    </Task>
    <PlainTask id="e" output={outputs.count}>
      {{ n: 1 }}
    </PlainTask>

    <Task id="f" output={outputs.count}>
      {/* @ts-expect-error a value of another type */}
      {{ n: "1" }}
    </Task>
    <Task id="g" output={outputs.count}>
      {/* @ts-expect-error a field is missing */}
      {{}}
    </Task>
    <Task id="h" output="count">
      {/* @ts-expect-error the key types the children too */}
      {{ n: "1" }}
    </Task>
    <PlainTask id="i" output={outputs.count}>
      {/* @ts-expect-error the component of the package is typed by the reference */}
      {{ n: "1" }}
    </PlainTask>
    {/* @ts-expect-error there is no such key */}
    <Task id="j" output="counts">
      {{ n: 1 }}
    </Task>
    {/* @ts-expect-error the run's input is no output */}
    <Task id="k" output="input">
      {{ topic: "x" }}
    </Task>
    {/* @ts-expect-error there is no such reference */}
    <Task id="l" output={outputs.counts}>
      {{ n: 1 }}
    </Task>
  </Workflow>
));

export const functions = smithers(() => (
  <Workflow name="functions">
    <Task id="a" output={outputs.count}>
      {() => ({ n: 1 })}
    </Task>
    <Task id="b" output={outputs.count}>
      {async (task) => {
        const context: TaskContext = task;
        return { n: context.attempt };
      }}
    </Task>

    <Task id="c" output={outputs.count}>
      {/* @ts-expect-error a function that gives another type */}
      {() => ({ n: "1" })}
    </Task>
    <Task id="d" output={outputs.count}>
      {/* @ts-expect-error a promise of another type */}
      {async () => ({ m: 1 })}
    </Task>
    <Task id="e" output={outputs.count}>
      {/* @ts-expect-error a function that gives nothing */}
      {() => {}}
    </Task>
  </Workflow>
));

export const dependencies = smithers(() => (
  <Workflow name="dependencies">
    <Task id="a" output={outputs.note} deps={{ count: outputs.count, note: "note" }}>
      {({ count, note }, task) => `${count.n.toFixed(1)} ${note.trim()} ${task.nodeId}`}
    </Task>
    <Task id="b" output={outputs.note} deps={{ when: outputs.coerced }} needs={{ when: "the-node" }}>
      {/* What is read is what the schema gives: the default is there. */}
      {({ when }) => when.tags.join()}
    </Task>

    <Task id="c" output={outputs.note} deps={{ count: outputs.count }}>
      {/* @ts-expect-error the dependency has no such field */}
      {({ count }) => count.m}
    </Task>
    <Task id="d" output={outputs.note} deps={{ count: outputs.count }}>
      {/* @ts-expect-error there is no such dependency */}
      {({ counts }) => String(counts)}
    </Task>
    {/* @ts-expect-error there is no such key */}
    <Task id="e" output={outputs.note} deps={{ count: "counts" }}>
      {() => "x"}
    </Task>
    {/* @ts-expect-error needs names nodes */}
    <Task id="f" output={outputs.note} needs={{ count: 1 }}>
      x
    </Task>
  </Workflow>
));

export const props = smithers(() => (
  <Workflow name="props" cache>
    <Task
      id="a"
      output={outputs.note}
      dependsOn={["b"]}
      skipIf={false}
      needsApproval
      timeoutMs={1}
      heartbeatTimeoutMs={1}
      retries={1}
      noRetry
      retryPolicy={{ backoff: "linear", initialDelayMs: 1 }}
      continueOnFail
      cache={{ by: { any: ["json"] }, version: "2" }}
      label="A"
      meta={{ team: "x" }}
    >
      text
    </Task>
    {/* @ts-expect-error retries is meant */}
    <Task id="r" output={outputs.note} retry={2}>
      text
    </Task>
    {/* @ts-expect-error no prop of that name */}
    <Task id="s" output={outputs.note} timeout={2}>
      text
    </Task>
    {/* @ts-expect-error an id is needed */}
    <Task output={outputs.note}>text</Task>
    {/* @ts-expect-error an output is needed */}
    <Task id="b">text</Task>
    {/* @ts-expect-error there is no such backoff */}
    <Task id="c" output={outputs.note} retryPolicy={{ backoff: "wild" }}>
      text
    </Task>
    {/* @ts-expect-error a list of ids */}
    <Task id="d" output={outputs.note} dependsOn="b">
      text
    </Task>
  </Workflow>
));
