import { SmithersError } from "../../errors/index.ts";
import { isBelow } from "../sandbox/index.ts";
import { isEnvFile } from "./env-file.ts";
import type { Guard } from "./guard.ts";

/**
 * Refuses a file that holds an environment.
 *
 * @param name the file's own name, with links resolved
 * @param shown how the caller named it
 * @throws TOOL_PATH_ESCAPE
 */
export function refuseRead(name: string, shown: string): void {
  if (!isEnvFile(name)) return;
  throw new SmithersError(
    "TOOL_PATH_ESCAPE",
    `"${shown}" holds an environment, which tools can neither read nor change.`,
    {
      details: { path: shown },
    },
  );
}

/**
 * Refuses to change what the server loads.
 *
 * @param path absolute, with links resolved
 * @param shown how the caller named it
 * @throws TOOL_PATH_ESCAPE
 */
export function refuseChange({ readOnly, watched, repositories, writable }: Guard, path: string, shown: string): void {
  if (writable.some((each) => isBelow(path, each))) return;
  if (![...readOnly, ...watched, ...repositories].some((each) => isBelow(path, each))) return;
  throw new SmithersError(
    "TOOL_PATH_ESCAPE",
    `The server loads "${shown}", so tools cannot change it. The option writable makes exceptions.`,
    { details: { path: shown } },
  );
}
