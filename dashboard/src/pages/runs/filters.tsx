import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { isTyping, useKeydown } from "../../lib/keys.ts";
import { type RunFilter, spans, statuses } from "../../lib/run-filter.ts";

/** What the list shows: which text, status, workflow and time. */
export function Filters({ filter, workflows }: { filter: RunFilter; workflows: readonly string[] }) {
  const navigate = useNavigate({ from: "/" });
  const [text, setText] = useState(filter.text ?? "");
  const field = useRef<HTMLInputElement>(null);
  const set = (change: Partial<RunFilter>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true });

  useEffect(() => setText(filter.text ?? ""), [filter.text]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the timer
  useEffect(() => {
    if (text === (filter.text ?? "")) return;
    const timer = setTimeout(() => set({ text: text || undefined }), 250);
    return () => clearTimeout(timer);
  }, [text]);
  useKeydown((event) => {
    if (event.key !== "/" || isTyping(event)) return;
    event.preventDefault();
    field.current?.focus();
  });

  const choices = filter.workflow && !workflows.includes(filter.workflow) ? [filter.workflow, ...workflows] : workflows;
  return (
    <search className="filters">
      <input
        ref={field}
        type="search"
        placeholder="Search id, name or path"
        aria-label="Search id, name or path"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Select
        label="Status"
        value={filter.status}
        any="Any status"
        options={Object.entries(statuses)}
        onChange={(status) => set({ status: status as RunFilter["status"] })}
      />
      <Select
        label="Workflow"
        value={filter.workflow}
        any="Any workflow"
        options={choices.map((name) => [name, name])}
        onChange={(workflow) => set({ workflow })}
      />
      <Select
        label="Started"
        value={filter.since}
        any="Any time"
        options={Object.entries(spans).map(([key, { label }]) => [key, label])}
        onChange={(since) => set({ since: since as RunFilter["since"] })}
      />
    </search>
  );
}

interface SelectProps {
  readonly label: string;
  readonly value: string | undefined;
  /** What stands for no choice. */
  readonly any: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  onChange(value: string | undefined): void;
}

function Select({ label, value, any, options, onChange }: SelectProps) {
  return (
    <select aria-label={label} value={value ?? ""} onChange={({ target }) => onChange(target.value || undefined)}>
      <option value="">{any}</option>
      {options.map(([key, text]) => (
        <option key={key} value={key}>
          {text}
        </option>
      ))}
    </select>
  );
}
