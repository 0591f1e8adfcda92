import type { ReactElement, ReactNode } from "react";
import { fromWire, SmithersError } from "../../errors/index.ts";
import { type Failure, failureOf, newPart, type Part, PartContext, type TryScope, useFailures } from "../parts.ts";
import { React } from "../react.ts";

interface TryPartsProps {
  component: string;
  tag: string;
  body: ReactNode;
  /** What is mounted once the body has failed, and whether the failure ends with it. */
  handle(failure: Failure): { handler: ReactNode; handled: boolean };
  cleanup: ReactNode;
}

/** The three parts of a TryCatchFinally or a Saga, in the order in which they run. */
export function TryParts({ component, tag, body, handle, cleanup }: TryPartsProps): ReactElement {
  const outer = React.useContext(PartContext);
  const key = React.useId();
  const [scope] = React.useState<TryScope>(() => ({
    body: newPart(),
    handler: newPart(),
    cleanup: newPart(),
    handled: false,
  }));
  outer?.members.set(`try ${key}`, { kind: "try", scope });
  const note = (name: "body" | "handler" | "cleanup") => (part: Part) => {
    scope[name] = part;
  };
  return React.createElement(
    tag,
    { spec: { type: "try" }, shown: {} },
    React.createElement(PartElement, { tag: "smithers:try", note: note("body") }, body),
    React.createElement(HandlerPart, { component, scope, handle }),
    React.createElement(PartElement, { tag: "smithers:finally", note: note("cleanup") }, cleanup),
  );
}

interface PartProps {
  tag: string;
  note(part: Part): void;
  shown?: Record<string, unknown>;
  children?: ReactNode;
}

/** A sequence that tells which nodes it mounts. */
export function PartElement({ tag, note, shown = {}, children }: PartProps): ReactElement {
  const part = newPart();
  note(part);
  const inside = React.createElement(tag, { spec: { type: "sequence" }, shown }, children);
  return React.createElement(PartContext.Provider, { value: part }, inside);
}

interface HandlerProps extends Pick<TryPartsProps, "component" | "handle"> {
  scope: TryScope;
}

/** Renders after the body, whose nodes it asks for. */
function HandlerPart({ component, scope, handle }: HandlerProps): ReactElement {
  const view = useFailures(`<${component}>`);
  const failure = failureOf(scope.body, view);
  const { handler, handled } = failure ? handle(failure) : { handler: null, handled: false };
  const part = newPart();
  scope.handler = part;
  scope.handled = handled;
  return React.createElement(
    PartContext.Provider,
    { value: part },
    React.createElement("smithers:catch", { spec: { type: "handler", handled }, shown: {} }, handler),
  );
}

/** A stored failure as the author's code receives it. */
export function toError(failure: Failure): SmithersError {
  return fromWire(failure) ?? new SmithersError("TASK_FAILED", failure.message);
}
