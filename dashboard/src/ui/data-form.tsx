import { lazy, Suspense, useId, useState } from "react";
import { hasFormFor } from "../lib/form-schema.ts";
import { Loading } from "./states.tsx";

const SchemaForm = lazy(() => import("./schema-form.tsx"));

const labels = { input: "Input", data: "Data", answer: "Answer" } as const;

export interface DataFormProps {
  readonly schema: Record<string, unknown> | undefined;
  readonly initial: unknown;
  readonly issues: readonly { path: (string | number)[]; message: string }[];
  readonly submit: string;
  readonly busy: boolean;
  /** What the data is, for labels. */
  readonly what: keyof typeof labels;
  onSubmit(value: unknown): void;
}

/** Data as a form of its schema, or as JSON. */
export function DataForm({ schema, initial, issues, submit, busy, what, onSubmit }: DataFormProps) {
  const id = useId().replaceAll(/[^\w]/g, "");
  const hasForm = schema !== undefined && hasFormFor(schema);
  const [mode, setMode] = useState<"form" | "json">(hasForm ? "form" : "json");
  const [value, setValue] = useState<unknown>(initial);
  const [text, setText] = useState(() => jsonOf(initial));
  const [problem, setProblem] = useState<string>();

  const toJson = () => {
    setText(jsonOf(value));
    setProblem(undefined);
    setMode("json");
  };
  const readText = (use: (value: unknown) => void) => {
    const read = parse(text);
    if ("problem" in read) return setProblem(read.problem);
    setProblem(undefined);
    use(read.value);
  };
  const toForm = () =>
    readText((read) => {
      setValue(read);
      setMode("form");
    });

  const actions = (
    <div className="form-actions">
      <button type="submit" form={id} className="button is-primary" disabled={busy}>
        {submit}
      </button>
    </div>
  );
  return (
    <div className="data-form">
      {hasForm && <ModeSwitch mode={mode} what={what} toForm={toForm} toJson={toJson} />}
      {mode === "form" && hasForm ? (
        <Suspense fallback={<Loading rows={4} label="Loading the form" />}>
          <SchemaForm id={id} schema={schema} value={value} issues={issues} onChange={setValue} onSubmit={onSubmit} />
          {actions}
        </Suspense>
      ) : (
        <>
          <form
            id={id}
            onSubmit={(event) => {
              event.preventDefault();
              readText(onSubmit);
            }}
          >
            <label className="field">
              <span className="field-label">{labels[what]} as JSON</span>
              <textarea
                className="mono"
                rows={8}
                spellCheck={false}
                value={text}
                aria-invalid={problem !== undefined || issues.length > 0}
                onChange={(event) => setText(event.target.value)}
              />
            </label>
            <Problems problem={problem} issues={issues} />
          </form>
          {actions}
        </>
      )}
    </div>
  );
}

interface ModeSwitchProps {
  readonly mode: "form" | "json";
  readonly what: DataFormProps["what"];
  toForm(): void;
  toJson(): void;
}

function ModeSwitch({ mode, what, toForm, toJson }: ModeSwitchProps) {
  return (
    <div className="segmented" role="group" aria-label={`How to write the ${what}`}>
      <button type="button" aria-pressed={mode === "form"} onClick={mode === "json" ? toForm : undefined}>
        Form
      </button>
      <button type="button" aria-pressed={mode === "json"} onClick={mode === "form" ? toJson : undefined}>
        JSON
      </button>
    </div>
  );
}

function Problems({ problem, issues }: { problem: string | undefined; issues: DataFormProps["issues"] }) {
  const texts = issues.map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message));
  return [...new Set([...(problem === undefined ? [] : [problem]), ...texts])].map((text) => (
    <p key={text} className="field-error" role="alert">
      {text}
    </p>
  ));
}

function jsonOf(value: unknown): string {
  return JSON.stringify(value ?? {}, undefined, 2);
}

function parse(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `This is not valid JSON: ${(error as Error).message}` };
  }
}
