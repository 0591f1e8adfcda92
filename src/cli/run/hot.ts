import { type FSWatcher, watch } from "node:fs";
import { dirname, relative } from "node:path";
import { messageOf } from "../../errors/index.ts";
import { throwSite } from "../../loader/index.ts";
import { placeText } from "../../model/index.ts";
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
      const isInUse = await host.engine.reload(runId, source);
      host.source = source;
      problem = undefined;
      follow(source.files);
      say(
        isInUse
          ? `${source.workflowPath} was edited: the run continues with the new version.`
          : `${source.workflowPath} was edited. This process does not execute the run any more, so nothing changes here.`,
      );
    } catch (error) {
      const message = problemOf(error, host.rootDir);
      if (message === problem) return;
      problem = message;
      say(`The edited workflow is invalid, so the run continues with the version before: ${message}`);
    }
  };
  follow(host.source?.files ?? []);
  // An edit that was made before the files were watched counts too.
  loading = reload();
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}

/** An error of an author's code, with its place. A file that does not compile has its place in the message. */
function problemOf(thrown: unknown, rootDir: string): string {
  const message = messageOf(thrown);
  const at = throwSite(thrown, rootDir);
  return at && !message.includes(at.file) ? `${placeText(at)}: ${message}` : message;
}
