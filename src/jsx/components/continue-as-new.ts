import type { ReactElement } from "react";
import { encode } from "../../model/index.ts";
import { useFrame } from "../frame-context.ts";
import { React } from "../react.ts";
import { refuse } from "./checks.ts";
import { checkProps, propNames } from "./props.ts";

export interface ContinueAsNewProps {
  /** JSON that the next run finds in `ctx.input.__smithersContinuation.payload`. */
  state?: unknown;
  /** The run does not end here. */
  skipIf?: boolean;
}

/** Largest state, in characters of JSON. */
const maxStateLength = 10_000_000;

const continueProps = propNames<ContinueAsNewProps>({ state: true, skipIf: true });

/**
 * Ends the run with the status `continued` when its turn comes, and starts the next run of the workflow, with the same
 * input and this state. What comes after it does not run; attempts that are running end first.
 */
export function ContinueAsNew(props: ContinueAsNewProps): ReactElement | null {
  checkProps("ContinueAsNew", props, continueProps);
  useFrame("<ContinueAsNew>");
  if (props.skipIf) return null;
  const payload = props.state === undefined ? undefined : plainState(props.state);
  return React.createElement("smithers:continue-as-new", { spec: { type: "continue", payload }, shown: {} });
}

/** Function form of `<ContinueAsNew state={state} />`. */
export function continueAsNew(state?: unknown): ReactElement {
  return React.createElement(ContinueAsNew, { state });
}

function plainState(state: unknown): unknown {
  const json = encode(state, (reason, path) => {
    const where = path.length === 0 ? "state" : `state.${path.join(".")}`;
    return refuse("<ContinueAsNew>", `${where} cannot be stored as JSON: ${reason}.`);
  });
  if (json.length > maxStateLength) {
    refuse("<ContinueAsNew>", `state has ${json.length} characters of JSON; the limit is ${maxStateLength}.`);
  }
  return JSON.parse(json);
}
