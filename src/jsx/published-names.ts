/** Names that the published package exports or `createSmithers` gives there, and what to use here instead. */
const instead: Readonly<Record<string, string>> = {
  AmpAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  AspectsProvider: "Use Aspects",
  Audit: "Use Task in a Sequence",
  CheckSuite: "Use Parallel with a Task for each check and continueOnFail",
  ClassifyAndRoute: "Use a Task that classifies, and Branch",
  ContentPipeline: "Use Sequence with a Task for each stage",
  Debate: "Use Loop with a Task for each side, and a Task that judges",
  DecisionTable: "Use Branch",
  DriftDetector: "Use a Task that compares, and Branch",
  ForgeAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  GatherAndSynthesize: "Use Parallel with a Task for each source, and a Task with deps",
  Gateway: "Use startServer or smithers server",
  Kanban: "Use Loop and Parallel with a Task for each card",
  Memory: "Read and write a store of your own in a Task",
  OpenCodeAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  Optimizer: "Use Loop with a Task that proposes and one that measures",
  Panel: "Use Parallel with a Task for each reviewer, and a Task with deps",
  Poller: "Use Loop with a Task and a Timer",
  ReviewLoop: "Use Loop with a Task that writes and one that reviews",
  Runbook: "Use Sequence with Approval between the steps",
  Sandbox: "Use Task; its tools run in a sandbox already",
  ScanFixVerify: "Use Sequence with a Task for each of the three, in a Loop",
  SuperSmithers: "Edit the workflow file; see docs/editing.md",
  Supervisor: "Use a Task that plans, and Parallel with a Task for each part",
  db: "Name the database with dbPath, and read it over HTTP or with the smithers command",
  tables: "Use outputs",
};

/** What to use instead of a name of the published package, as a sentence without a full stop. */
export function insteadOfName(name: string): string {
  const known = Object.hasOwn(instead, name) ? instead[name] : undefined;
  return known ?? "docs/migrating.md lists what to use instead";
}

/** Names that programs destructure from the result of `createSmithers`. */
export const publishedNames: readonly string[] = Object.keys(instead);
