import { createClient, isSmithersError, type SmithersClient } from "smithers-orchestrator/client";

const key = "smithers.token";

/** The token of this tab, and the client that sends it. The token is kept for the tab's session, never in a URL. */
class Session {
  #client: SmithersClient;
  #needsToken = false;
  #wasRefused = false;
  readonly #listeners = new Set<() => void>();

  constructor() {
    this.#client = this.#make();
  }

  get client(): SmithersClient {
    return this.#client;
  }

  get token(): string | undefined {
    return sessionStorage.getItem(key) ?? undefined;
  }

  /** Whether the server has refused a request because of its token. */
  get needsToken(): boolean {
    return this.#needsToken;
  }

  /** Whether a token was given and is the wrong one. */
  get wasRefused(): boolean {
    return this.#wasRefused;
  }

  keepToken(token: string | undefined): void {
    if (token === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, token);
    this.#needsToken = false;
    this.#client = this.#make();
    this.#tell();
  }

  /** Takes note of an error: a refused token makes the page ask for another. */
  note(error: unknown): void {
    if (!isSmithersError(error) || error.code !== "UNAUTHORIZED" || this.#needsToken) return;
    this.#wasRefused = this.token !== undefined;
    sessionStorage.removeItem(key);
    this.#needsToken = true;
    this.#tell();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  #make(): SmithersClient {
    return createClient({ url: serverUrl, token: this.token });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** The server that has sent this page. */
export const serverUrl = location.origin;
export const session = new Session();
export const client = (): SmithersClient => session.client;
