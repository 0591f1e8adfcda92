const known = new WeakMap<object, ReadonlySet<string>>();
const none: ReadonlySet<string> = new Set();

/** Notes the files that a workflow's code is in, absolute. The last call counts. */
export function noteFiles(workflow: object, files: Iterable<string>): void {
  known.set(workflow, new Set(files));
}

/** The files that a workflow's code is in, as far as they are known. */
export function filesOf(workflow: object): ReadonlySet<string> {
  return known.get(workflow) ?? none;
}
