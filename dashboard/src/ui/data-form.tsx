import { lazy, Suspense, useId, useState } from "react";
import { Loading } from "./states.tsx";

const SchemaForm = lazy(() => import("./schema-form.tsx"));

const labels = { input: "Input", data: "Data", answer: "Answer" } as const;

/** Data as a form of its schema, or as JSON. */
export function DataForm(props: {
  schema: Record<string, unknown> | undefined;
  initial: unknown;
  issues: readonly { path: (string | number)[]; message: string }[];
  submit: string;
  busy: boolean;
  /** What the data is, for labels. */
  what: keyof typeof labels;
  onSubmit(value: unknown): void;
}) {
  const id = useId().replaceAll(/[^\w]/g, "");
  const { schema } = props;
  const hasForm = schema !== undefined && schema.type === "object";
  const [mode, setMode] = useState<"form" | "json">(hasForm ? "form" : "json");
  const [value, setValue] = useState<unknown>(props.initial);
  const [text, setText] = useState(() => JSON.stringify(props.initial ?? {}, undefined, 2));
  const [problem, setProblem] = useState<string>();

  const toJson = () => {
    setText(JSON.stringify(value ?? {}, undefined, 2));
    setProblem(undefined);
    setMode("json");
  };
  const toForm = () => {
    const read = parse(text);
    if ("problem" in read) return setProblem(read.problem);
    setValue(read.value);
    setMode("form");
  };
  const submitJson = () => {
    const read = parse(text);
    if ("problem" in read) return setProblem(read.problem);
    setProblem(undefined);
    props.onSubmit(read.value);
  };

  const actions = (
    <div className="form-actions">
      <button type="submit" form={id} className="button is-primary" disabled={props.busy}>
        {props.submit}
      </button>
    </div>
  );
  return (
    <div className="data-form">
      {hasForm && (
        <div className="segmented" role="group" aria-label={`How to write the ${props.what}`}>
          <button type="button" aria-pressed={mode === "form"} onClick={mode === "json" ? toForm : undefined}>
            Form
          </button>
          <button type="button" aria-pressed={mode === "json"} onClick={mode === "form" ? toJson : undefined}>
            JSON
          </button>
        </div>
      )}
      {mode === "form" && hasForm ? (
        <Suspense fallback={<Loading rows={4} label="Loading the form" />}>
          <SchemaForm
            id={id}
            schema={schema}
            value={value}
            issues={props.issues}
            onChange={setValue}
            onSubmit={props.onSubmit}
          />
          {actions}
        </Suspense>
      ) : (
        <>
          <form
            id={id}
            onSubmit={(event) => {
              event.preventDefault();
              submitJson();
            }}
          >
            <label className="field">
              <span className="field-label">{labels[props.what]} as JSON</span>
              <textarea
                className="mono"
                rows={8}
                spellCheck={false}
                value={text}
                aria-invalid={problem !== undefined || props.issues.length > 0}
                onChange={(event) => setText(event.target.value)}
              />
            </label>
            {problem && (
              <p className="field-error" role="alert">
                {problem}
              </p>
            )}
            {props.issues.map(({ path, message }) => (
              <p key={path.join(".") + message} className="field-error" role="alert">
                {path.length > 0 ? `${path.join(".")}: ` : ""}
                {message}
              </p>
            ))}
          </form>
          {actions}
        </>
      )}
    </div>
  );
}

function parse(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `This is not valid JSON: ${(error as Error).message}` };
  }
}
