import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Version of this package, from its package.json. */
export const packageVersion = (require("../../package.json") as { version: string }).version;
