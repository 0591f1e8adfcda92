import { readField, SmithersError } from "../errors/index.ts";
import { currentTask, type ToolCallHandle } from "../jsx/index.ts";
import { callProgram, type ProgramEnd } from "./process.ts";

/** Options of every agent that is a program on the PATH. */
export interface CodingAgentOptions {
  /** Name of the agent in events. Default: the name of the class and the model. */
  id?: string;
  model?: string;
  /** Instructions that precede every prompt. */
  systemPrompt?: string;
  /** Another name for `systemPrompt`. */
  instructions?: string;
  /** The folder to work in. Default: the root folder of the task's tools. */
  cwd?: string;
  /** Environment variables in addition to those of this process. */
  env?: Record<string, string>;
  /** Whether the program may act without asking a person. Default: true. */
  yolo?: boolean;
  /** Time limit of a call, in ms. */
  timeoutMs?: number;
  /** Longest time without any output, in ms. */
  idleTimeoutMs?: number;
  /** Largest output of a call, in bytes. Default: 64 MiB. */
  maxOutputBytes?: number;
  /** Further arguments of the program. */
  extraArgs?: readonly string[];
}

/** What the engine, or any caller, asks of a coding agent. */
export interface CodingAgentCall {
  prompt?: string;
  abortSignal?: AbortSignal;
  onStdout?(text: string): void;
  onStderr?(text: string): void;
  /** The conversation to continue. */
  session?: string;
  /** Called with the id of the conversation as soon as it is known. */
  onSession?(sessionId: string): void;
}

export interface CodingAgentAnswer {
  readonly text: string;
  readonly usage: TokenUsage;
  readonly response: { readonly modelId: string | undefined };
  readonly sessionId: string | undefined;
}

export interface TokenUsage {
  inputTokens: number | undefined;
  outputTokens: number | undefined;
}

/** What the lines of a program's output say, as far as they were read. */
export interface Transcript {
  /** Reports text for people as it comes. */
  say(text: string): void;
  session(id: unknown): void;
  model(name: unknown): void;
  /** The final answer; the last one counts. */
  answer(text: unknown): void;
  /** Adds to the tokens that were used. */
  usage(input: unknown, output: unknown): void;
  toolStarted(id: unknown, name: unknown, given?: unknown): void;
  toolEnded(id: unknown, problem: string | undefined): void;
  /** The program's own words about why it failed. */
  failed(reason: unknown): void;
}

/** How one program is called. */
export interface ProgramArguments {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const defaultMaxOutputBytes = 64 * 1024 * 1024;

/** An agent that is a program on the PATH, which writes a JSON value a line. */
export abstract class CodingAgent<O extends CodingAgentOptions = CodingAgentOptions> {
  readonly id: string;
  protected readonly options: O;
  protected abstract readonly program: string;
  /** How to install the program: the rest of a sentence that begins with "Install it with". */
  protected abstract readonly install: string;

  constructor(options: O = {} as O) {
    this.options = options;
    // It must be equal after a restart: stored conversations are found by it.
    this.id = options.id ?? [new.target.name, options.model].filter((part) => part !== undefined).join(" ");
  }

  /**
   * The arguments of a call.
   * @param session the conversation to continue
   * @param allowed the only tools that the task may call; undefined for all
   * @throws INVALID_OPTIONS when the program cannot be confined to these tools
   */
  protected abstract launch(session: string | undefined, allowed: readonly string[] | undefined): ProgramArguments;

  /** Reads one line of the program's output. */
  protected abstract read(event: Record<string, unknown>, transcript: Transcript): void;

  /** Reads a piece of what the program writes to stderr. */
  protected readStderr(_text: string, _transcript: Transcript): void {}

  /** Asks the program. @throws with the program's own words when it fails; INVALID_OPTIONS when it is not installed */
  async generate(call: CodingAgentCall = {}): Promise<CodingAgentAnswer> {
    try {
      return await this.#call(call, call.session);
    } catch (error) {
      // The program may have forgotten a conversation: its files were removed, or it runs on another machine.
      if (call.session === undefined || !/\b(?:session|conversation|thread)\b/i.test(String(error))) throw error;
      call.abortSignal?.throwIfAborted();
      return this.#call(call, undefined);
    }
  }

  async #call(call: CodingAgentCall, session: string | undefined): Promise<CodingAgentAnswer> {
    const task = currentTask();
    const { options } = this;
    const { args, env } = this.launch(session, task?.allowedTools && [...task.allowedTools]);
    const reading = new Reading(call, options.model, options.maxOutputBytes ?? defaultMaxOutputBytes);
    const system = options.systemPrompt ?? options.instructions;
    const prompt = call.prompt ?? "";
    const cwd = options.cwd ?? task?.cwd ?? process.cwd();
    // The key of the server is nothing that an agent needs.
    const { SMITHERS_API_KEY: _, ...inherited } = process.env;
    let end: ProgramEnd;
    try {
      end = await callProgram({
        program: this.program,
        args: [...args, ...(options.extraArgs ?? [])],
        cwd,
        env: { ...inherited, ...env, ...options.env },
        input: system === undefined ? prompt : `${system}\n\n${prompt}`,
        signal: call.abortSignal,
        timeoutMs: options.timeoutMs,
        idleTimeoutMs: options.idleTimeoutMs,
        maxOutputBytes: options.maxOutputBytes ?? defaultMaxOutputBytes,
        onLine: (line) => {
          const event = jsonOf(line);
          if (event) this.read(event, reading);
          else if (line.trim() !== "") reading.say(`${line}\n`);
        },
        onStderr: (text) => {
          this.readStderr(text, reading);
          call.onStderr?.(text);
        },
      });
    } catch (cause) {
      throw this.#notStarted(cause, cwd);
    }
    call.abortSignal?.throwIfAborted();
    const problem = this.#problem(end, reading);
    await reading.close(problem);
    if (problem !== undefined) throw Object.assign(new Error(problem), { ...reading.facts });
    return { text: reading.text, ...reading.facts };
  }

  #problem({ exitCode, ended, stderr }: ProgramEnd, { reason, text }: Reading): string | undefined {
    const { program } = this;
    const { timeoutMs, idleTimeoutMs, maxOutputBytes = defaultMaxOutputBytes } = this.options;
    if (ended === "timeout") return `${program} ran longer than ${timeoutMs} ms.`;
    if (ended === "idle") return `${program} wrote nothing for ${idleTimeoutMs} ms.`;
    if (ended === "output") return `${program} wrote more than ${maxOutputBytes} bytes.`;
    if (reason !== undefined) return `${program} failed: ${reason}`;
    if (exitCode !== 0)
      return `${program} ended with exit code ${exitCode}: ${lastLines(stderr) || "it said nothing."}`;
    return text === "" ? `${program} ended without an answer.` : undefined;
  }

  #notStarted(cause: unknown, cwd: string): Error {
    const isMissing = readField(cause, "code") === "ENOENT";
    const problem = isMissing
      ? `The command "${this.program}" was not found on the PATH, or the folder ${JSON.stringify(cwd)} does not exist.`
      : `The command "${this.program}" could not be started: ${readField(cause, "message")}.`;
    const error = new SmithersError("INVALID_OPTIONS", problem, { advice: `Install it with ${this.install}`, cause });
    return Object.assign(error, { retryable: false });
  }
}

class Reading implements Transcript {
  readonly #call: CodingAgentCall;
  readonly #maxLength: number;
  readonly #tools = new Map<unknown, Promise<ToolCallHandle | undefined>>();
  readonly #ends: Promise<void>[] = [];
  #session: string | undefined;
  #model: string | undefined;
  #input: number | undefined;
  #output: number | undefined;
  text = "";
  reason: string | undefined;

  constructor(call: CodingAgentCall, model: string | undefined, maxLength: number) {
    this.#call = call;
    this.#model = model;
    this.#maxLength = maxLength;
  }

  get facts(): Omit<CodingAgentAnswer, "text"> {
    return {
      usage: { inputTokens: this.#input, outputTokens: this.#output },
      response: { modelId: this.#model },
      sessionId: this.#session,
    };
  }

  say(text: string): void {
    this.#call.onStdout?.(text);
  }

  session(id: unknown): void {
    if (typeof id !== "string" || id === "" || id === this.#session) return;
    this.#session = id;
    this.#call.onSession?.(id);
  }

  model(name: unknown): void {
    if (typeof name === "string" && name !== "") this.#model = name;
  }

  answer(text: unknown): void {
    if (typeof text === "string" && text !== "") this.text = text.slice(0, this.#maxLength);
  }

  usage(input: unknown, output: unknown): void {
    if (typeof input === "number") this.#input = (this.#input ?? 0) + input;
    if (typeof output === "number") this.#output = (this.#output ?? 0) + output;
  }

  toolStarted(id: unknown, name: unknown, given?: unknown): void {
    if (typeof name !== "string" || this.#tools.has(id)) return;
    const begun = currentTask()?.beginToolCall({ toolName: name, repeats: true, arguments: dataIn(given) });
    // An attempt that is over records nothing more.
    this.#tools.set(id, begun?.catch(() => undefined) ?? Promise.resolve(undefined));
  }

  toolEnded(id: unknown, problem: string | undefined): void {
    const begun = this.#tools.get(id);
    this.#tools.delete(id);
    const error = problem === undefined ? null : { code: "TASK_FAILED", message: problem.slice(0, 1_000) };
    if (begun) this.#ends.push(begun.then((call) => call?.end(error)));
  }

  failed(reason: unknown): void {
    this.reason = typeof reason === "string" && reason !== "" ? reason : "it gives no reason.";
  }

  /** Closes the records of tool calls whose end was not told, and waits for those of all calls. */
  async close(problem: string | undefined): Promise<void> {
    for (const id of [...this.#tools.keys()]) this.toolEnded(id, problem);
    await Promise.all(this.#ends);
  }
}

function jsonOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Arguments that a program tells as text are JSON. */
const dataIn = (given: unknown) => (typeof given === "string" ? (jsonOf(given) ?? given) : given);

const lastLines = (text: string) => text.trim().split("\n").slice(-5).join("\n");

/** An object's fields; none for any other value. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

/** The parts of a message that has a list of parts, or a text. */
export function partsOf(content: unknown): Record<string, unknown>[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? content.filter(isObject) : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `--name value`, unless there is no value. */
export function option(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)];
}

/** Repeats `--name value` for each value. */
export function repeated(name: string, values: readonly string[] | undefined): string[] {
  return (values ?? []).flatMap((value) => [name, value]);
}

/** The refusal of a list of tools by a program that knows no such list. */
export function cannotConfine(agent: string, instead: string): SmithersError {
  const problem = `${agent} cannot be confined to the tools that the task allows.`;
  return Object.assign(new SmithersError("INVALID_OPTIONS", problem, { advice: instead }), { retryable: false });
}
