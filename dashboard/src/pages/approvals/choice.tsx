import type { ApprovalItem } from "smithers-orchestrator/client";
import { Icon } from "../../ui/icon.tsx";

export interface Picked {
  readonly selected: string | undefined;
  /** The keys of all options, best first. */
  readonly ranked: readonly string[] | undefined;
}

export const isComplete = (mode: ApprovalItem["mode"], picked: Picked): boolean =>
  mode !== "select" || picked.selected !== undefined;

export interface ChoiceProps {
  readonly mode: ApprovalItem["mode"];
  readonly options: NonNullable<ApprovalItem["options"]>;
  readonly picked: Picked;
  onPick(picked: Picked): void;
}

/** The options of a question: one to select, or all to put into an order. */
export function Choice(props: ChoiceProps) {
  if (props.mode === "select") return <Selection {...props} />;
  return props.mode === "rank" ? <Ranking {...props} /> : null;
}

function Selection({ options, picked, onPick }: ChoiceProps) {
  return (
    <fieldset className="options">
      <legend>Choose one</legend>
      {options.map(({ key, label, summary }) => (
        <label key={key} className="option">
          <input
            type="radio"
            name="option"
            checked={picked.selected === key}
            onChange={() => onPick({ ...picked, selected: key })}
          />
          <span>
            <span>{label}</span>
            {summary && <span className="faint option-summary">{summary}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Ranking({ options, picked, onPick }: ChoiceProps) {
  const ranked = picked.ranked ?? [];
  const move = (from: number, by: number) => {
    const next = [...ranked];
    const [one] = next.splice(from, 1);
    next.splice(from + by, 0, one!);
    onPick({ ...picked, ranked: next });
  };
  return (
    <fieldset className="options">
      <legend>Put them in order, the best first</legend>
      <ol className="ranking">
        {ranked.map((key, index) => {
          const { label = key, summary } = options.find((option) => option.key === key) ?? {};
          return (
            <li key={key} className="option">
              <span className="num rank">{index + 1}</span>
              <span className="option-text">
                <span>{label}</span>
                {summary && <span className="faint option-summary">{summary}</span>}
              </span>
              <button
                type="button"
                className="icon-button"
                aria-label={`Move ${label} up`}
                disabled={index === 0}
                onClick={() => move(index, -1)}
              >
                <Icon name="up" />
              </button>
              <button
                type="button"
                className="icon-button"
                aria-label={`Move ${label} down`}
                disabled={index === ranked.length - 1}
                onClick={() => move(index, 1)}
              >
                <Icon name="down" />
              </button>
            </li>
          );
        })}
      </ol>
    </fieldset>
  );
}
