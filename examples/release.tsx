/** @jsxImportSource smithers-orchestrator */
/** Measures a folder in parallel, asks a person, and then writes a release manifest. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { approvalDecisionSchema, bash, createSmithers } from "smithers-orchestrator";
import { z } from "zod";

const { smithers, outputs, Workflow, Task, Parallel, Approval } = createSmithers({
  input: z.object({ folder: z.string(), version: z.string().regex(/^\d+\.\d+\.\d+$/), manifest: z.string() }),
  checksum: z.object({ sha256: z.string() }),
  size: z.object({ files: z.number(), bytes: z.number() }),
  decision: approvalDecisionSchema,
  release: z.object({
    version: z.string(),
    sha256: z.string(),
    approvedBy: z.string().nullable(),
    manifest: z.string(),
  }),
});

export default smithers((ctx) => {
  const { folder, version, manifest } = ctx.input;
  const size = ctx.outputMaybe(outputs.size, { nodeId: "size" });
  const decision = ctx.outputMaybe(outputs.decision, { nodeId: "approve" });

  return (
    <Workflow name="release">
      <Parallel>
        <Task id="checksum" output={outputs.checksum}>
          {async () => ({ sha256: (await bash`cat ${folder}/* | sha256sum`).split(" ")[0]! })}
        </Task>
        <Task id="size" output={outputs.size}>
          {async () => ({
            files: Number(await bash`find ${folder} -type f | wc -l`),
            bytes: Number(await bash`cat ${folder}/* | wc -c`),
          })}
        </Task>
      </Parallel>
      <Approval
        id="approve"
        output={outputs.decision}
        request={{ title: `Release ${version}?`, summary: `${size?.files} files, ${size?.bytes} bytes` }}
      />
      <Task id="publish" output={outputs.release} deps={{ checksum: outputs.checksum }}>
        {async ({ checksum }) => {
          const release = { version, sha256: checksum.sha256, approvedBy: decision?.decidedBy ?? null, manifest };
          await mkdir(dirname(manifest), { recursive: true });
          await writeFile(manifest, JSON.stringify(release, null, 2));
          return release;
        }}
      </Task>
    </Workflow>
  );
});
