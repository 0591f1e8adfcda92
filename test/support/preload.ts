import { afterEach, mock, setDefaultTimeout } from "bun:test";
import * as packageModule from "../../src/package/index.ts";
import { cleanUp } from "./cleanup.ts";
import { patienceMs } from "./patience.ts";
import { testedModule } from "./tested-code.ts";

// For a file that is run by itself: with several files it holds only for the first, and `npm test` gives it as an option.
setDefaultTimeout(patienceMs);

// A hook that a helper module registers holds only for the file that imports it first; this one holds for all. The
// default does not hold for hooks.
afterEach(cleanUp, patienceMs);

// What a server logs would drown what the tests report; a test of the log sets its own level.
process.env.SMITHERS_LOG_LEVEL ??= "silent";

// Settings of JavaScriptCore for all that tests start. Such a process lives for a second or less: code that is compiled
// late and never optimized costs it about a tenth less processor time. The test processes themselves live longer, and
// so do the children of a few files, which set this back.
process.env.BUN_JSC_useDFGJIT ??= "0";
process.env.BUN_JSC_thresholdForJITAfterWarmUp ??= "3000";

// Servers in test processes start the built workers too, if there is a build.
const { moduleFile } = packageModule;
mock.module("../../src/package/index.ts", () => ({
  ...packageModule,
  moduleFile: (name: string) => (name === "workers/entry" ? testedModule(name) : moduleFile(name)),
}));

// Helpers name the database without waiting. The driver is loaded only here: that takes longer than many tests.
if (process.env.SMITHERS_TEST_DATABASE === "postgres") {
  const { sharedServer } = await import("./postgres.ts");
  process.env.SMITHERS_TEST_POSTGRES ??= await sharedServer();
}
