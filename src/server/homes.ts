import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Engine, keepPruned, type Logger, Mirror } from "../engine/index.ts";
import { SmithersError } from "../errors/index.ts";
import type { Workflow } from "../jsx/index.ts";
import type { Loader } from "../loader/index.ts";
import type { Run } from "../model/index.ts";
import { type Idempotency, openStore } from "../store/index.ts";
import type { Telemetry } from "../telemetry/index.ts";
import type { ResolvedServerOptions } from "./options.ts";
import { filesWithToken } from "./token-files.ts";

/** Where runs live: the server's own database, and those that workflows name for themselves. One engine each. */
export class Homes {
  readonly main: Engine;
  readonly #options: ResolvedServerOptions;
  readonly #loader: Loader;
  readonly #log: Logger;
  readonly #telemetry: Telemetry;
  readonly #byFile = new Map<string, Engine>();
  readonly #opened: Promise<void>;
  readonly #tokenFiles: readonly string[];
  readonly #stops: (() => void)[] = [];
  readonly #mirrors: Mirror[] = [];
  #begun = false;

  constructor(options: ResolvedServerOptions, loader: Loader, telemetry: Telemetry) {
    this.#options = options;
    this.#loader = loader;
    this.#log = options.logger;
    this.#telemetry = telemetry;
    this.#tokenFiles = filesWithToken(options.authToken, [process.cwd(), options.rootDir]);
    this.main = this.#open(options.db ?? resolve(options.rootDir, "smithers.db"));
    this.#opened = this.#openKnown();
    telemetry.observe(() => ({
      engines: this.all(),
      runsBehind: this.#mirrors.reduce((sum, { runsBehind }) => sum + runsBehind, 0),
      staleMs: options.staleAfterMs,
    }));
  }

  /** The engine for a workflow's new runs. */
  async of(workflow: Workflow): Promise<Engine> {
    if (workflow.dbPath === undefined) return this.main;
    const file = resolve(this.#options.rootDir, workflow.dbPath);
    const known = this.#byFile.get(file);
    if (known) return known;
    const engine = this.#openOther(file);
    await this.main.store.maintenance.rememberDatabase(file, Date.now());
    return engine;
  }

  /**
   * The engine that a run lives in, and the run.
   * @throws RUN_NOT_FOUND
   */
  async find(runId: string): Promise<{ engine: Engine; run: Run }> {
    await this.#opened;
    for (const engine of this.all()) {
      const run = await engine.store.findRun(runId);
      if (run?.home === null) return { engine, run };
    }
    throw new SmithersError("RUN_NOT_FOUND", `There is no run "${runId}".`);
  }

  /**
   * The run that a request under this key has started.
   * @throws IDEMPOTENCY_KEY_REUSED
   */
  async findStarted(idempotency: Idempotency): Promise<string | undefined> {
    await this.#opened;
    const found = await Promise.all(this.all().map(({ store }) => store.findStarted(idempotency, Date.now())));
    return found.find((runId) => runId !== undefined);
  }

  async has(runId: string): Promise<boolean> {
    await this.#opened;
    const found = await Promise.all(this.all().map((engine) => engine.store.findRun(runId)));
    return found.some((run) => run !== undefined);
  }

  /** Continues what is due. */
  async begin(): Promise<void> {
    await this.#opened;
    this.#begun = true;
    for (const engine of this.all()) this.#begin(engine);
  }

  /** A run as it stands where it lives: a copy in the server's own database may be a moment behind. */
  async current(run: Run): Promise<{ engine: Engine; run: Run }> {
    const engine = (run.home !== null && this.#byFile.get(run.home)) || this.main;
    return { engine, run: (engine !== this.main && (await engine.store.findRun(run.runId))) || run };
  }

  get activeRuns(): number {
    return this.all().reduce((sum, engine) => sum + engine.activeRuns, 0);
  }

  all(): Engine[] {
    return [...new Set([this.main, ...this.#byFile.values()])];
  }

  /** Lets go of the runs: attempts may go on for `graceMs`. What is stored can still be read. */
  async stop(graceMs: number): Promise<void> {
    await this.#opened;
    await Promise.all(this.all().map((engine) => engine.close(graceMs)));
    for (const stop of this.#stops) stop();
    await Promise.all(this.#mirrors.map((mirror) => mirror.stop()));
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map(({ store }) => store.close()));
  }

  #begin(engine: Engine): void {
    engine.begin();
    const { retentionMs } = this.#options;
    if (retentionMs !== undefined) this.#stops.push(keepPruned(engine.store, retentionMs, this.#log));
  }

  #openOther(file: string): Engine {
    const engine = this.#open(file);
    this.#mirrors.push(new Mirror(engine.store, this.main.store, engine.feed, this.#log));
    return engine;
  }

  #open(source: string | NonNullable<ResolvedServerOptions["db"]>): Engine {
    const engine = new Engine({
      store: openStore(source, { synchronous: this.#options.synchronous }),
      rootDir: this.#options.rootDir,
      allowNetwork: this.#options.allowNetwork,
      privatePaths: () => [...this.#byFile.keys(), ...this.#tokenFiles],
      heartbeatMs: this.#options.heartbeatMs,
      staleMs: this.#options.staleAfterMs,
      resolveWorkflow: (run) => this.#loader.load(pathOf(run)),
      log: this.#log,
      observer: this.#telemetry.observer,
    });
    this.#telemetry.watch(engine);
    if (this.#begun) this.#begin(engine);
    if (engine.store.filename !== "") this.#byFile.set(engine.store.filename, engine);
    return engine;
  }

  async #openKnown(): Promise<void> {
    for (const file of await this.main.store.maintenance.knownDatabases()) {
      try {
        if (!this.#byFile.has(file) && existsSync(file)) this.#openOther(file);
      } catch (error) {
        this.#log.error(
          { db: file, err: error },
          "A workflow's database could not be opened; its runs are not served.",
        );
      }
    }
  }
}

function pathOf(run: Run): string {
  if (run.workflowPath !== null) return run.workflowPath;
  throw new SmithersError(
    "WORKFLOW_NOT_FOUND",
    `The run "${run.runId}" names no workflow file; give its workflowPath.`,
  );
}
