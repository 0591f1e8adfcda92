import { pathToFileURL } from "node:url";
import { SmithersError } from "../errors/index.ts";
import { currentTask } from "../jsx/index.ts";
import { packageFolder } from "../package/index.ts";
import { runtime } from "../runtime/index.ts";

/** A language model of the AI SDK, as far as an agent's name needs it. */
export interface SdkModel {
  readonly modelId: string;
}

/** Settings of an agent that asks a provider through the AI SDK; those of its `ToolLoopAgent` go to it unchanged. */
export interface SdkAgentOptions {
  /** The provider's name of a model, or a model of the AI SDK. */
  model: string | SdkModel;
  /** Name of the agent in events. Default: the name of the class and the model. */
  id?: string;
  instructions?: unknown;
  /** Tools that the model may call, by name, such as `tools`. */
  tools?: Readonly<Record<string, unknown>>;
  /** Reports the text as it comes, and not only after each step. Default: false. */
  streamText?: boolean;
  toolChoice?: unknown;
  stopWhen?: unknown;
  activeTools?: readonly string[];
  output?: unknown;
  maxOutputTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  presencePenalty?: number;
  frequencyPenalty?: number;
  stopSequences?: string[];
  seed?: number;
  maxRetries?: number;
  headers?: Readonly<Record<string, string | undefined>>;
  providerOptions?: Readonly<Record<string, unknown>>;
  prepareCall?: unknown;
  prepareStep?: unknown;
  /** Further settings of newer versions of the AI SDK. */
  [setting: string]: unknown;
}

/** What an agent asks and answers here, out of what the AI SDK knows. */
interface ToolLoop {
  generate(options: unknown): Promise<SdkAnswer>;
  stream(options: unknown): Promise<SdkStream>;
}

/** A result of the AI SDK. */
export interface SdkAnswer {
  readonly text: string;
}

/** A result of the AI SDK whose parts come one after the other. */
export interface SdkStream {
  readonly fullStream: AsyncIterable<unknown>;
}

/** What the engine, or any caller, asks of the agent; further options go to the AI SDK. */
export interface SdkAgentCall {
  prompt?: unknown;
  messages?: unknown;
  abortSignal?: AbortSignal;
  onStepFinish?(step: unknown): void;
  onStdout?(text: string): void;
  [option: string]: unknown;
}

/** An agent of the AI SDK whose model is named, with the provider's package that the user has installed. */
export abstract class SdkAgent {
  readonly version = "agent-v1";
  readonly id: string;
  readonly #options: SdkAgentOptions;
  #agent: Promise<ToolLoop> | undefined;
  /** The package that knows the models by name. */
  protected abstract readonly provider: string;
  /** The export of that package which makes a model from a name. */
  protected abstract readonly factory: string;

  constructor(options: SdkAgentOptions) {
    const { model, id } = options ?? {};
    const modelId = typeof model === "string" ? model : model?.modelId;
    if (typeof modelId !== "string" || modelId === "") {
      const problem = `${new.target.name} needs a model: the provider's name of one, or a model of the AI SDK.`;
      throw new SmithersError("INVALID_OPTIONS", problem);
    }
    this.#options = options;
    this.id = id ?? `${new.target.name} ${modelId}`;
  }

  get tools(): Readonly<Record<string, unknown>> {
    return this.#options.tools ?? {};
  }

  /**
   * Asks the model, and lets it call tools, until it answers.
   * @throws INVALID_OPTIONS when the AI SDK or the provider's package is not installed; what the provider's package throws
   */
  async generate(call: SdkAgentCall = {}): Promise<SdkAnswer> {
    const agent = await this.#loaded();
    return this.#options.streamText ? streamed(agent, call) : agent.generate(call);
  }

  /** Begins to ask the model. @throws as {@link generate} */
  async stream(call: SdkAgentCall = {}): Promise<SdkStream> {
    return (await this.#loaded()).stream(call);
  }

  #loaded(): Promise<ToolLoop> {
    this.#agent ??= this.#load().catch((error: unknown) => {
      // It may be installed while the server runs.
      this.#agent = undefined;
      throw error;
    });
    return this.#agent;
  }

  async #load(): Promise<ToolLoop> {
    const { model, id: _id, streamText: _streamText, ...settings } = this.#options;
    const { ToolLoopAgent } = await this.#import("ai", "ToolLoopAgent");
    const languageModel =
      typeof model === "string" ? (await this.#import(this.provider, this.factory))[this.factory]!(model) : model;
    // What the package exports is known by name only.
    return new (ToolLoopAgent as unknown as new (settings: object) => ToolLoop)({
      id: this.id,
      ...settings,
      model: languageModel,
    });
  }

  /** Imports a package from where the run's tools work, or from where this package is installed. */
  async #import(name: string, wanted: string): Promise<Record<string, (model: string) => unknown>> {
    const places = [currentTask()?.rootDir, process.cwd(), packageFolder].filter((place) => place !== undefined);
    const path = places.map((place) => runtime.resolveImport(name, place)).find((found) => found !== undefined);
    const found = path === undefined ? undefined : await import(pathToFileURL(path).href);
    if (typeof found?.[wanted] === "function") return found;
    const needed = typeof this.#options.model === "string" ? `ai ${this.provider}` : "ai";
    const problem = found
      ? `${this.constructor.name} needs a newer version of the package "${name}", which has ${wanted}.`
      : `${this.constructor.name} needs the package "${name}", which is not installed.`;
    const error = new SmithersError("INVALID_OPTIONS", problem, { advice: `Install it with: npm install ${needed}.` });
    throw Object.assign(error, { retryable: false });
  }
}

/** Asks the model, reports its text as it comes, and gives the result as `generate` does. */
async function streamed(agent: ToolLoop, { onStepFinish, ...call }: SdkAgentCall): Promise<SdkAnswer> {
  // The text of a step has been reported when the step ends.
  const atStep = onStepFinish && (() => onStepFinish(undefined));
  const result = await agent.stream({ ...call, onStepFinish: atStep });
  for await (const part of result.fullStream as AsyncIterable<{ type?: string; text?: string; error?: unknown }>) {
    if (part.type === "text-delta" && typeof part.text === "string") call.onStdout?.(part.text);
    if (part.type === "text-end") call.onStdout?.("\n");
    if (part.type === "error") throw part.error;
  }
  call.abortSignal?.throwIfAborted();
  // Each of these is a promise of the result of a stream.
  const { text, output, usage, totalUsage, response } = result as unknown as Record<string, PromiseLike<unknown>>;
  const settled = await Promise.allSettled([text, usage, totalUsage, response, output]);
  const [said, used, usedInAll, answered, value] = settled.map((one) =>
    one.status === "fulfilled" ? one.value : undefined,
  );
  return {
    text: String(said ?? ""),
    usage: used,
    totalUsage: usedInAll,
    response: answered,
    output: value,
  } as SdkAnswer;
}
