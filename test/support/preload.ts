import { afterEach, setDefaultTimeout } from "bun:test";
import { cleanUp } from "./cleanup.ts";
import { sharedServer } from "./postgres.ts";

// A hook that a helper module registers holds only for the file that imports it first; this one holds for all.
afterEach(cleanUp);

// Whatever hangs is to fail; how long a test takes on a busy machine is not.
setDefaultTimeout(120_000);

// What a server logs would drown what the tests report; a test of the log sets its own level.
process.env.SMITHERS_LOG_LEVEL ??= "silent";

// Helpers name the database without waiting.
if (process.env.SMITHERS_TEST_DATABASE === "postgres") process.env.SMITHERS_TEST_POSTGRES ??= await sharedServer();
