import { serverUrl, session } from "./session.ts";

/** A word of a shell command, quoted where it must be. */
const word = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The command line that does the same as a button. The token comes from the environment that it is run in. */
export function cli(...words: string[]): string {
  return ["smithers", ...words.map(word), "--url", word(serverUrl)].join(" ");
}

/** The curl call that does the same as a button. */
export function curl(path: string, body?: unknown): string {
  const lines = [`curl -X POST ${word(serverUrl + path)}`];
  if (session.token !== undefined) lines.push(`-H "Authorization: Bearer $SMITHERS_API_KEY"`);
  if (body !== undefined) lines.push(`-H "Content-Type: application/json"`, `-d ${word(JSON.stringify(body))}`);
  return lines.join(" \\\n  ");
}

export const runPath = (runId: string): string => `/v1/runs/${encodeURIComponent(runId)}`;
export const nodePath = (runId: string, nodeId: string): string =>
  `${runPath(runId)}/nodes/${encodeURIComponent(nodeId)}`;
