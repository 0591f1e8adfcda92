import { checkDependencies, checkId, checkJson, checkText } from "./checks.ts";

/** The props of every wait. */
export interface WaitProps {
  id: string;
  dependsOn?: readonly string[];
  needs?: Readonly<Record<string, string>>;
  skipIf?: boolean;
  continueOnFail?: boolean;
  label?: string;
  meta?: Record<string, unknown>;
}

/** The names of these props. */
export const waitProps = {
  id: true,
  dependsOn: true,
  needs: true,
  skipIf: true,
  continueOnFail: true,
  label: true,
  meta: true,
} as const satisfies Record<keyof WaitProps, true>;

/** The fields of a wait's spec that come from these props. @throws INVALID_WORKFLOW */
export function waitFields(component: string, props: WaitProps) {
  const id = checkId(component, props.id);
  return {
    type: "task",
    id,
    label: checkText(`<${component} id="${id}">`, "label", props.label),
    dependsOn: checkDependencies(`<${component} id="${id}">`, props.dependsOn, props.needs),
    skipIf: props.skipIf ?? false,
    continueOnFail: props.continueOnFail ?? false,
    meta: checkJson(`<${component} id="${id}">`, "meta", props.meta),
  } as const;
}
