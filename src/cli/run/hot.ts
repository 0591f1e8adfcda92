import { type FSWatcher, watch } from "node:fs";
import { dirname, relative } from "node:path";
import { messageOf } from "../../errors/index.ts";
import { loaderOf } from "../load-workflow.ts";
import type { Host } from "./local-engine.ts";

/** Editors write a file several times when they save it. */
const settleMs = 80;

/**
 * Reloads the workflow of a run when one of its files changes. A broken version is reported and ignored. Returns a
 * function that stops watching.
 */
export function reloadOnEdit(host: Host, runId: string, path: string, say: (text: string) => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let loading = Promise.resolve();
  let problem: string | undefined;

  const follow = (files: readonly string[]) => {
    const folders = new Set(files.map((file) => dirname(file)));
    for (const folder of folders) {
      if (watchers.has(folder)) continue;
      // Folders are watched, not files: an editor replaces the file with a new one.
      const watcher = watch(folder, (_, name) => {
        if (name?.includes(".smithers-") || name?.includes("smithers.db")) return;
        clearTimeout(timer);
        timer = setTimeout(() => void (loading = loading.then(reload)), settleMs);
      });
      watcher.on("error", () => {});
      watchers.set(folder, watcher);
    }
  };
  const reload = async () => {
    try {
      const source = await loaderOf(host.rootDir).load(relative(host.rootDir, path));
      if (source.workflowHash === host.source?.workflowHash) return;
      await host.engine.reload(runId, source);
      host.source = source;
      problem = undefined;
      say(`${source.workflowPath} was edited: the run continues with the new version.`);
      follow(source.files);
    } catch (error) {
      const message = messageOf(error);
      if (message === problem) return;
      problem = message;
      say(`The edited workflow is invalid, so the run continues with the version before: ${message}`);
    }
  };
  follow(host.source?.files ?? []);
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}
