import type { RunDetail } from "smithers-orchestrator/client";

/** The tokens that agents have used, a line for each model. */
export function Tokens({ usage }: { usage: NonNullable<RunDetail["tokenUsage"]> }) {
  return (
    <ul className="tokens" aria-label="Tokens used">
      {usage.map(({ model, inputTokens, outputTokens }) => (
        <li key={model ?? ""}>
          <span className="num">
            {inputTokens.toLocaleString()} tokens in, {outputTokens.toLocaleString()} out
          </span>
          {model !== null && <span className="mono faint"> {model}</span>}
        </li>
      ))}
    </ul>
  );
}
