import type { ReactElement, ReactNode } from "react";
import type { SmithersError } from "../../errors/index.ts";
import { React } from "../react.ts";
import { refuse } from "./checks.ts";
import { leftOut } from "./left-out.ts";
import { checkProps, propNames } from "./props.ts";
import { TryParts, toError } from "./try-parts.ts";

export interface TryCatchFinallyProps {
  /** Tells a reader what it is for; it has no effect. */
  id?: string;
  try: ReactNode;
  /** Mounted when a node of `try` has failed for good: elements, or a function of the error that gives them. */
  catch?: ReactNode | ((error: SmithersError) => ReactNode);
  /** The codes of the errors that are caught. Default: all. */
  catchErrors?: readonly string[];
  /** Runs after the others, also when an error is not caught or `catch` fails. */
  finally?: ReactNode;
  /** Omits all three. */
  skipIf?: boolean;
}

const tryProps = propNames<TryCatchFinallyProps>({
  id: true,
  try: true,
  catch: true,
  catchErrors: true,
  finally: true,
  skipIf: true,
});

/** Runs `try`; when a node of it has failed for good, `catch`; and `finally` in either case. */
export function TryCatchFinally(props: TryCatchFinallyProps): ReactElement | null {
  checkProps("TryCatchFinally", props, tryProps);
  const { catch: given, catchErrors } = props;
  if (
    catchErrors !== undefined &&
    !(Array.isArray(catchErrors) && catchErrors.every((one) => typeof one === "string"))
  ) {
    refuse("<TryCatchFinally>", "catchErrors must be an array of error codes.");
  }
  if (props.skipIf) return leftOut(props.try, typeof given === "function" ? null : given, props.finally);
  return React.createElement(TryParts, {
    component: "TryCatchFinally",
    tag: "smithers:try-catch-finally",
    body: props.try,
    handle: (failure) => {
      const caught = given !== undefined && given !== null && (catchErrors?.includes(failure.code) ?? true);
      if (!caught) return { handler: null, handled: false };
      return { handler: typeof given === "function" ? given(toError(failure)) : given, handled: true };
    },
    cleanup: props.finally,
  });
}
