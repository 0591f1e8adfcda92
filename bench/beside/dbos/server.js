// The same work on DBOS, behind the few routes that the comparison asks for. Run by Node, as its documentation does.
import { createServer } from "node:http";
import { DBOS } from "@dbos-inc/dbos-sdk";

DBOS.setConfig({ name: "bench", systemDatabaseUrl: process.env.DB, systemDatabasePoolSize: 20, logLevel: "error" });

const step = (n) => DBOS.runStep(async () => ({ n }), { name: `task${n}` });

const workflows = {
  one: DBOS.registerWorkflow(() => step(1), { name: "one" }),
  sequence: DBOS.registerWorkflow(
    async (length) => {
      for (let n = 0; n < length; n++) await step(n);
    },
    { name: "sequence" },
  ),
  fanOut: DBOS.registerWorkflow(
    async (length) => {
      await Promise.all(Array.from({ length }, (_, n) => step(n)));
    },
    { name: "fanOut" },
  ),
  signal: DBOS.registerWorkflow(() => DBOS.recv("go", 600), { name: "signal" }),
};

const handles = new Map();

async function answer(url) {
  const id = url.searchParams.get("id");
  if (url.pathname === "/start") {
    const workflow = workflows[url.searchParams.get("kind")];
    const handle = await DBOS.startWorkflow(workflow)(Number(url.searchParams.get("length")));
    handles.set(handle.workflowID, handle);
    return { id: handle.workflowID };
  }
  if (url.pathname === "/end") {
    await (handles.get(id) ?? DBOS.retrieveWorkflow(id)).getResult();
    handles.delete(id);
    return { id };
  }
  await DBOS.send(id, { n: 1 }, "go");
  return { id };
}

await DBOS.launch();
const server = createServer((request, response) => {
  answer(new URL(request.url, "http://localhost")).then(
    (value) => response.end(JSON.stringify(value)),
    (error) => response.writeHead(500).end(String(error)),
  );
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
