/** Names that the published package exports or `createSmithers` gives there, and what to use here instead. */
const instead: Readonly<Record<string, string>> = {
  AmpAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  AspectsProvider: "Use Aspects",
  Audit: "Use Task in a Sequence",
  CheckSuite: "Use Parallel with a Task for each check and continueOnFail",
  ClassifyAndRoute: "Use a Task that classifies, and Branch",
  ContentPipeline: "Use Sequence with a Task for each stage",
  db: "Name the database with dbPath, and read it over HTTP or with the smithers command",
  Debate: "Use Loop with a Task for each side, and a Task that judges",
  DecisionTable: "Use Branch",
  DriftDetector: "Use a Task that compares, and Branch",
  ForgeAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  Gateway: "Use startServer or smithers server",
  GatherAndSynthesize: "Use Parallel with a Task for each source, and a Task with deps",
  HermesAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  HermesCliAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  Kanban: "Use Loop and Parallel with a Task for each card",
  Memory: "Read and write a store of your own in a Task",
  OpenClawAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  OpenCodeAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  Optimizer: "Use Loop with a Task that proposes and one that measures",
  Panel: "Use Parallel with a Task for each reviewer, and a Task with deps",
  Poller: "Use Loop with a Task and a Timer",
  PoolAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  ReviewLoop: "Use Loop with a Task that writes and one that reviews",
  Runbook: "Use Sequence with Approval between the steps",
  Sandbox: "Use Task; its tools run in a sandbox already",
  ScanFixVerify: "Use Sequence with a Task for each of the three, in a Loop",
  SuperSmithers: "Edit the workflow file; see docs/editing.md",
  Supervisor: "Use a Task that plans, and Parallel with a Task for each part",
  tables: "Use outputs",
  Trellis: "Use Loop and Parallel with a Task for each part",
  TUI: "smithers up shows a live tree; remove the element",
  UI: "smithers server has a web page at /dashboard/; remove the element",
  VibeAgent: "Use one of the agents of docs/agents.md, or any object with generate()",
  WorkflowView: "smithers server has a web page at /dashboard/; remove the element",
};

const elsewhere = {
  backend: "Use createSmithers, and name the database of a server or a command; see docs/postgres.md",
  codes: "See docs/http.md for the error codes",
  database: "Read runs over HTTP, with smithers-orchestrator/client, or with the smithers command",
  editing: "Finished steps are never undone; see docs/editing.md",
  git: "Use git in a Task, or Worktree",
  memory: "Read and write a store of your own in a Task",
  observability: "See docs/observability.md for metrics, traces and logs",
  openApi: "Make a tool that calls the API with defineTool",
  prompts: "Give the MDX element to a Task with an agent, as its prompt",
  scorers: "Score a result in a Task of its own",
  tables: "Outputs are stored as JSON under the keys of createSmithers, not in tables of their own",
} as const;

/** Functions and values that only the published package exports, and what to use here instead. */
const insteadOfExports: Readonly<Record<string, string>> = {
  ...named("codes", "ERROR_REFERENCE_URL getSmithersErrorDefinition getSmithersErrorDocsUrl"),
  ...named("codes", "isKnownSmithersErrorCode knownSmithersErrorCodes"),
  errorToJson: "Read code, message and details of a SmithersError",
  ...named("git", "getJjPointer isJjRepo runJj workspaceAdd workspaceClose workspaceList"),
  ...named("editing", "revertToAttempt revertToJjPointer timeTravel usePatched"),
  renderFrame: "Show a workflow's plan with smithers graph",
  SmithersRenderer: "Show a workflow's plan with smithers graph",
  signalRun: "Use signals.send of smithers-orchestrator/client, or smithers signal",
  ...named("database", "SmithersDb ensureSmithersTables"),
  ...named("backend", "createSmithersCloudflare createSmithersPostgres openSmithersBackend openSmithersStore"),
  ...named("backend", "migrateSmithersStore resolveSmithersBackendChoice resolveSmithersBackendPreference"),
  ...named("tables", "camelToSnake unwrapZodType zodToCreateTableSQL zodToTable"),
  ...named("prompts", "markdownComponents renderMdx"),
  zodSchemaToJsonExample: "A prompt's element gets an example of the output as props.schema",
  createExternalSmithers: "Write the workflow in TypeScript",
  getDefinedToolMetadata: "Read the tool's description and inputSchema",
  hashCapabilityRegistry: "See docs/agents.md for what each agent takes",
  ...named("observability", "SmithersObservability createSmithersObservabilityLayer createSmithersOtelLayer"),
  ...named("observability", "createSmithersRuntimeLayer prometheusContentType renderPrometheusMetrics"),
  ...named("observability", "resolveSmithersObservabilityOptions smithersMetrics trackSmithersEvent"),
  ...named("scorers", "aggregateScores createScorer faithfulnessScorer latencyScorer llmJudge relevancyScorer"),
  ...named("scorers", "runScorersAsync runScorersBatch schemaAdherenceScorer smithersScorers toxicityScorer"),
  ...named("memory", "MemoryService Summarizer TokenLimiter TtlGarbageCollector createMemoryLayer"),
  ...named("memory", "createMemoryStore namespaceToString parseNamespace"),
  ...named("openApi", "createOpenApiTool createOpenApiToolSync createOpenApiTools createOpenApiToolsSync"),
  ...named("openApi", "listOperations"),
};

function named(advice: keyof typeof elsewhere, names: string): Record<string, string> {
  return Object.fromEntries(names.split(" ").map((name) => [name, elsewhere[advice]]));
}

/** Entry points that only the published package has, and what to use here instead. */
const insteadOfEntries: Readonly<Record<string, string>> = {
  agents: "Import agents from smithers-orchestrator",
  components: "Import components from smithers-orchestrator",
  db: elsewhere.database,
  errors: "Import SmithersError from smithers-orchestrator",
  gateway: "Use startServer or smithers server",
  memory: elsewhere.memory,
  observability: elsewhere.observability,
  openapi: elsewhere.openApi,
  scorers: elsewhere.scorers,
  tui: "smithers up shows a live tree, and smithers server has a web page at /dashboard/",
};

/** Props that only components of the published package have, and what to use here instead. */
const insteadOfProps: Readonly<Record<string, string>> = {
  "Approval.cache": "A decision is kept with its run, and asked for again by another run",
  "Approval.outputSchema": "The schema of output is the schema of the decision; remove the prop",
  "Parallel.subtreeConcurrency": "Use maxConcurrency, which bounds the attempts in the group",
  "Task.bind": "Read the outputs that the task needs with deps",
  "Task.fork": "Give what the agent needs to know in the prompt, with deps",
  "Task.memory": elsewhere.memory,
  "Task.priority": "Tasks start in the order of the tree; use dependsOn, or put the first ones in front",
  "Task.scorers": elsewhere.scorers,
  "Timer.every": "Put a Timer with duration into a Loop",
};

/** What to use instead of a name of the published package, as a sentence without a full stop. */
export function insteadOfName(name: string): string {
  return own(instead, name) ?? own(insteadOfExports, name) ?? "docs/workflows.md lists what a workflow file can import";
}

/** What to use instead of an entry point of the published package, as a sentence without a full stop. */
export function insteadOfEntry(entry: string): string {
  return own(insteadOfEntries, entry) ?? "The entry points are /client, /server, /serve, /tools and /mdx-plugin";
}

/** What to use instead of a prop of the published package, as a sentence; undefined when it has no such prop either. */
export function insteadOfProp(component: string, prop: string): string | undefined {
  return own(insteadOfProps, `${component}.${prop}`);
}

const own = (table: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Names that programs destructure from the result of `createSmithers`. */
export const publishedNames: readonly string[] = Object.keys(instead);

/** Names that only the published package exports. */
export const publishedExports: readonly string[] = Object.keys(insteadOfExports);

/** Entry points that only the published package has. */
export const publishedEntries: readonly string[] = Object.keys(insteadOfEntries);
