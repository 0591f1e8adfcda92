import { readdirSync } from "node:fs";
import { isSmithersError, type SmithersError } from "../../src/errors/index.ts";
import { Loader, type LoaderOptions } from "../../src/loader/index.ts";
import { afterThisTest } from "./cleanup.ts";

/** A loader of its own, closed after the test. */
export function loaderOf(rootDir: string, options: Omit<LoaderOptions, "rootDir"> = {}): Loader {
  const loader = new Loader({ rootDir, ...options });
  afterThisTest(() => loader.close());
  return loader;
}

/** Why a workflow is refused; fails when it is not. */
export async function refusalOf(loader: Loader, path: string): Promise<SmithersError> {
  const thrown = await loader.load(path).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (isSmithersError(thrown)) return thrown;
  throw new Error(`"${path}" was not refused with a code: ${String(thrown)}`);
}

/** The shadow files that lie in a folder. */
export function shadowsIn(path: string): string[] {
  return readdirSync(path).filter((name) => name.includes(".smithers-"));
}
