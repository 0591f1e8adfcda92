import { useState } from "react";
import { CopyText } from "./copy.tsx";

/** More children than this are shown only on request, and so is the rest of a longer text. */
const shownChildren = 100;
const shownText = 600;

/** A JSON value as a tree that can be folded. Everything in it is text. */
export function JsonTree({ value, label }: { value: unknown; label: string }) {
  return (
    <div className="json">
      <div className="json-tools">
        <CopyText text={JSON.stringify(value, undefined, 2) ?? ""} label={`Copy ${label} as JSON`} />
      </div>
      <Value value={value} depth={0} />
    </div>
  );
}

function Value({ name, value, depth }: { name?: string; value: unknown; depth: number }) {
  const prefix = name === undefined ? null : <span className="json-name">{name}: </span>;
  if (typeof value !== "object" || value === null) {
    return (
      <div className="json-line">
        {prefix}
        <Leaf value={value} />
      </div>
    );
  }
  return <Branch prefix={prefix} value={value} depth={depth} />;
}

function Branch({ prefix, value, depth }: { prefix: React.ReactNode; value: object; depth: number }) {
  const isList = Array.isArray(value);
  const entries = Object.entries(value);
  const [open, setOpen] = useState(depth < 3 && entries.length <= 50);
  const [all, setAll] = useState(false);
  const brackets = isList ? "[]" : "{}";
  if (entries.length === 0) {
    return (
      <div className="json-line">
        {prefix}
        <span className="faint">{brackets}</span>
      </div>
    );
  }
  const size = `${entries.length} ${isList ? "item" : "field"}${entries.length === 1 ? "" : "s"}`;
  const shown = all ? entries : entries.slice(0, shownChildren);
  return (
    <div>
      <button type="button" className="json-fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="fold-sign" aria-hidden="true" />
        {prefix}
        <span className="faint">{size}</span>
      </button>
      {open && (
        <div className="json-children">
          {shown.map(([key, child]) => (
            <Value key={key} name={key} value={child} depth={depth + 1} />
          ))}
          {shown.length < entries.length && (
            <button type="button" className="link" onClick={() => setAll(true)}>
              {entries.length - shown.length} more
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Leaf({ value }: { value: unknown }) {
  const [all, setAll] = useState(false);
  if (typeof value !== "string")
    return <span className={`json-${value === null ? "null" : typeof value}`}>{String(value)}</span>;
  if (value.length <= shownText || all) return <span className="json-string">{value === "" ? '""' : value}</span>;
  return (
    <span className="json-string">
      {value.slice(0, shownText)}…{" "}
      <button type="button" className="link" onClick={() => setAll(true)}>
        {value.length - shownText} more characters
      </button>
    </span>
  );
}
