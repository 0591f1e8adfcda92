export const tabs = ["steps", "events", "frames"] as const;
export type Tab = (typeof tabs)[number];

/** What of a run is shown, as the address has it. */
export interface RunSearch {
  readonly tab?: Tab;
  readonly node?: string;
  readonly iteration?: number;
  readonly frame?: number;
  /** Only the steps in this state are shown. */
  readonly state?: string;
}

const whole = (value: unknown) => {
  const number = value === undefined || value === "" ? Number.NaN : Number(value);
  return Number.isInteger(number) && number > 0 ? number : undefined;
};

export const readRunSearch = (search: Record<string, unknown>): RunSearch => ({
  tab: tabs.find((tab) => tab === search.tab && tab !== "steps"),
  node: search.node === undefined ? undefined : String(search.node),
  iteration: whole(search.iteration),
  frame: whole(search.frame),
  state: typeof search.state === "string" && search.state !== "" ? search.state : undefined,
});
